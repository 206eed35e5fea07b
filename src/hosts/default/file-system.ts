/** `resnet-wasm/file-system` where there are no files: bundlers for pages find no `node:` import. */
export const fileSystem = null;

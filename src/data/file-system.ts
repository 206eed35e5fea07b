/** In place of `file-system.node.ts` where there are no files: bundlers for pages find no `node:` import. */
export const fileSystem = null;

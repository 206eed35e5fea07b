/** The package itself, by its own name: of Node, and elsewhere null. */
declare module "resnet-wasm/file-system" {
  export const fileSystem: typeof import("./file-system.js").fileSystem;
}

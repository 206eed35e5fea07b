declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
declare module "*.wasm?module" {
  const module: WebAssembly.Module;
  export default module;
}
/** Written by the build: parts of the program of a model's worker, as text. */
declare module "*/build/worker/worker-core.js" {
  const text: string;
  export default text;
}
declare module "*/build/worker/worker-browser.js" {
  const text: string;
  export default text;
}
declare module "*/build/worker/worker-node.js" {
  const text: string;
  export default text;
}
/** The program of the workers of `prefetch`. */
declare module "*/build/worker/worker-data.js" {
  const text: string;
  export default text;
}

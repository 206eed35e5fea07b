/** Files that a network is exported as. */
export const FORMATS = ["safetensors", "onnx", "wasm"] as const;
export type Format = (typeof FORMATS)[number];

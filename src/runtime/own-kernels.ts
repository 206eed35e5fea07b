/** Kernels that whoever makes a model has fetched. Loaded for `createModel({ wasm })` with bytes. */
import checksums from "../../build/kernels/checksums.js";
import { asBytes } from "../core/bytes.js";
import { foreign, formatError } from "../io/safetensors-header.js";
import { checksum } from "./checksum.js";
import { compileBytes } from "./compile.js";

/**
 * Compiles a file of `resnet-wasm/kernels/` that somebody has fetched. Kernels of another version would read programs as
 * something else, and one changed byte gives other numbers or never ends: only the files of this version are taken.
 */
export async function compileFile(file: Uint8Array | ArrayBuffer, shared: boolean): Promise<WebAssembly.Module> {
  const bytes = asBytes("createModel", file, "wasm");
  if (Object.values(checksums).includes(checksum(bytes))) return compileBytes(bytes.slice(), shared);
  const hint = foreign(bytes) ?? "It is of another version, or damaged: fetch it anew";
  throw formatError({ where: "createModel" }, "wasm", "a file of resnet-wasm/kernels/", `${bytes.length} bytes`, hint);
}

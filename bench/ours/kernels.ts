// What the matrix product needs of the sources; bundled to build/bench/kernels.js.
export { gemmScratch, packedSize } from "../../src/core/gemm.js";
export { encodeRecord } from "../../src/program/abi.js";
export { setShared } from "../../src/runtime/kernels.js";

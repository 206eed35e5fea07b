// What the matrix product needs of the sources; bundled to build/bench/kernels.js.
export { encodeRecord } from "../../src/abi/encode.js";
export { gemmScratch, gemmSizes, packedSize } from "../../src/abi/gemm.js";
export { setShared } from "../../src/runtime/compile.js";

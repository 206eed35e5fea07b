/** The matrix products in plain JavaScript, by name. */
import { gemm as loops } from "./loops.js";
import { gemm as tiles } from "./tiles.js";

export const products = { loops, tiles };

/** Kernels in parts, as the build leaves them in build/kernels/standalone-*.js (scripts/kernel-text/object.ts). */
export interface KernelObject {
  /** A module that has nothing but the code of all functions, as the texts that `unpack` takes. */
  code: string[];
  /** The types of functions, in bytes. */
  types: number[][];
  /** The section of the variables of the module, in bytes, and the functions that read some of them. */
  variables: number[];
  readers: number[];
  /** Of each function: its type, where its code begins, how long it is; then a pair for each call: its place in that code, and whom. */
  functions: number[][];
  /** The function of each kernel by the kernel's number, -1 where there is none. */
  kernels: number[];
  /** The function that expands weights of half precision. */
  expand: number;
  /** The function that makes a sample of a picture. */
  transform: number;
}

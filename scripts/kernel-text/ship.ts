/** Kernels as they are shipped: with the exports that the library calls, and what these lead to. */
import binaryen from "assemblyscript/binaryen";

/**
 * Drops all exports but those named, and the functions that nobody calls then. Nothing is optimised again, so that
 * micro-kernels stay by themselves, which their exports kept from being inlined.
 */
export function ship(bytes: Uint8Array, names: readonly string[]): Uint8Array<ArrayBuffer> {
  const module = binaryen.readBinary(bytes);
  module.setFeatures(binaryen.Features.SIMD128 | binaryen.Features.RelaxedSIMD | binaryen.Features.Atomics);
  for (let i = module.getNumExports() - 1; i >= 0; i--) {
    const { name } = binaryen.getExportInfo(module.getExportByIndex(i));
    if (!names.includes(name)) module.removeExport(name);
  }
  module.runPasses(["remove-unused-module-elements"]);
  const shipped = Uint8Array.from(module.emitBinary());
  module.dispose();
  return shipped;
}

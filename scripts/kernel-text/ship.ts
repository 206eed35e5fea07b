/** Kernels as they are shipped: with the exports that the library calls, and what these lead to. */
import binaryen from "assemblyscript/binaryen";

/** The assignments of a function, and of those that it calls: asc has one for each file. */
function assignments(module: binaryen.Module, start: binaryen.FunctionRef): binaryen.GlobalSetInfo[] {
  const { body } = binaryen.getFunctionInfo(start);
  const info = binaryen.getExpressionInfo(body);
  const all = info.id === binaryen.BlockId ? (info as binaryen.BlockInfo).children : [body];
  return all.flatMap((each) => {
    const item = binaryen.getExpressionInfo(each);
    if (item.id === binaryen.CallId) return assignments(module, module.getFunction((item as binaryen.CallInfo).target));
    return item as binaryen.GlobalSetInfo;
  });
}

/** Variables that the start function sets, which asc has made of vector constants, begin with these values instead. */
function initialise(module: binaryen.Module): void {
  const start = module.getStart();
  if (!start) return;
  for (const { name, value } of assignments(module, start)) {
    const vector = binaryen.getExpressionInfo(value) as binaryen.ConstInfo;
    if (vector.id !== binaryen.ConstId || vector.type !== binaryen.v128)
      throw new Error("kernels: expected variables of modules to be vectors");
    module.removeGlobal(name);
    module.addGlobal(name, binaryen.v128, true, module.v128.const(vector.value as number[]));
  }
  module.setStart(0);
}

/**
 * Drops all exports but those named, and the functions that nobody calls then. Nothing is optimised again, so that
 * micro-kernels stay by themselves, which their exports kept from being inlined. A start function sets the variables,
 * which takes less room than values in the module; `toObject` wants these.
 */
export function ship(bytes: Uint8Array, names: readonly string[], withStart = true): Uint8Array<ArrayBuffer> {
  const module = binaryen.readBinary(bytes);
  module.setFeatures(binaryen.Features.SIMD128 | binaryen.Features.RelaxedSIMD | binaryen.Features.Atomics);
  if (!withStart) initialise(module);
  for (let i = module.getNumExports() - 1; i >= 0; i--) {
    const { name } = binaryen.getExportInfo(module.getExportByIndex(i));
    if (!names.includes(name)) module.removeExport(name);
  }
  module.runPasses(["remove-unused-module-elements"]);
  const shipped = Uint8Array.from(module.emitBinary());
  module.dispose();
  return shipped;
}

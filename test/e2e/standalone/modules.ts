// A module of `compileModel` as a host uses it that knows nothing of the library.
import type { ModuleInfo } from "../../../src/faces/standalone.js";

interface Exports extends WebAssembly.Exports {
  memory: WebAssembly.Memory;
  input(): number;
  output(): number;
  info(): number;
  run(n: number): number;
  picture(): number;
  load(i: number, width: number, height: number): number;
}

export interface Started {
  exports: Exports;
  info: ModuleInfo;
  /** The first `n` results. */
  predict(x: Float32Array, n: number): Float32Array;
  floats(address: number, count: number): Float32Array;
}

const product = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

export function start(bytes: Uint8Array<ArrayBuffer>): Started {
  const module = new WebAssembly.Module(bytes);
  if (WebAssembly.Module.imports(module).length > 0) throw new Error("the module has imports");
  const exports = new WebAssembly.Instance(module).exports as Exports;
  const memory = new Uint8Array(exports.memory.buffer, exports.info());
  const info: ModuleInfo = JSON.parse(new TextDecoder().decode(memory.subarray(0, memory.indexOf(0))));
  const floats = (address: number, count: number) => new Float32Array(exports.memory.buffer, address, count);
  return {
    exports,
    info,
    floats,
    predict(x, n) {
      floats(exports.input(), x.length).set(x);
      const status = exports.run(n);
      if (status !== 0) throw new Error(`run(${n}) gave ${status}`);
      return floats(exports.output(), n * product(info.output)).slice();
    },
  };
}

/** What this WebAssembly engine can do, found out by asking it to validate tiny modules. */
import { expectation, RuntimeSupportError } from "../core/errors.js";

const validate = (...bytes: number[]) =>
  typeof WebAssembly === "object" && WebAssembly.validate(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, ...bytes]));

/** (module (type (func (result v128)))) */
export const hasSimd = (): boolean => validate(1, 5, 1, 96, 0, 1, 123);

/**
 * (module (func (drop (f32x4.relaxed_madd
 *   (i32x4.splat (i32.const 0)) (i32x4.splat (i32.const 0)) (i32x4.splat (i32.const 0))))))
 */
export const hasRelaxedSimd = (): boolean =>
  validate(
    1,
    4,
    1,
    96,
    0,
    0,
    3,
    2,
    1,
    0,
    10,
    20,
    1,
    18,
    0,
    65,
    0,
    253,
    15,
    65,
    0,
    253,
    15,
    65,
    0,
    253,
    15,
    253,
    133,
    2,
    26,
    11,
  );

/** Valid kernels are refused by policies: of a page, or of a runtime that compiles nothing by itself. */
export function notCompiled(cause: unknown): RuntimeSupportError {
  const got = String(cause);
  const hint = /security/i.test(got) ? "Allow 'wasm-unsafe-eval' in script-src" : "";
  const expected = "a runtime that compiles the kernels";
  return new RuntimeSupportError(expectation("createModel", "WebAssembly", expected, got, { hint }), { cause });
}

// The same bits in hosts that are not JavaScript's usual ones: JavaScriptCore's shell, wabt's interpreter, wasmtime.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { compileModel } from "../../../src/faces/standalone.js";
import { cifarResNet, createModel, residualMLP } from "../../../src/hosts/node/index.js";
import { inputOf } from "./host.js";

const here = fileURLToPath(new URL(".", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "standalone-"));
afterAll(() => rmSync(folder, { recursive: true }));

const works = (command: string, ...args: string[]): boolean => {
  try {
    execFileSync(command, args, { stdio: "ignore", timeout: 60_000 });
    return true;
  } catch {
    return false;
  }
};
const without = (missing: string | false) => (missing ? ` (skipped: there is no ${missing})` : "");

/** A module of two samples in a file, and the bits that `predict` gives. */
async function made(name: "small" | "images") {
  const [network, inputShape] =
    name === "small"
      ? ([residualMLP({ in: 12, out: 3, width: 16, blocks: 2, norm: "batch" }), [12]] as const)
      : ([cifarResNet(20), [32, 32, 3]] as const);
  const model = await createModel(network, { inputShape: [...inputShape], seed: 3, threads: 1, relaxedSimd: false });
  const path = join(folder, `${name}.wasm`);
  writeFileSync(path, compileModel(model, { batchSize: 2 }));
  const x = inputOf(2 * inputShape.reduce((a, b) => a * b, 1));
  const { data } = model.predict({ data: x, shape: [2, ...inputShape] });
  const whole = [...new Uint32Array(data.buffer)];
  model.dispose();
  return { path, x, whole, first: whole.slice(0, whole.length / 2) };
}

const jsc = !existsSync("/usr/bin/jsc") && "jsc";
it.skipIf(jsc)(`JavaScriptCore's shell${without(jsc)}`, async () => {
  const { path, whole, first } = await made("images");
  const program = readFileSync(join(here, "host.js"), "utf8").replace(/^export /gm, "");
  const script = join(folder, "host.js");
  const load = `new WebAssembly.Instance(new WebAssembly.Module(read(${JSON.stringify(path)}, "binary"))).exports`;
  writeFileSync(script, `${program}\nprint(JSON.stringify(answersOf(${load})));\n`);
  const found = JSON.parse(execFileSync("/usr/bin/jsc", [script], { encoding: "utf8" }));
  expect(found).toEqual({ statuses: [1, 1, 0, 0], whole, first });
});

const wabt = !(works("wast2json", "--version") && works("spectest-interp", "--version")) && "wabt";
it.skipIf(wabt)(`wabt's interpreter${without(wabt)}`, async () => {
  const { path, x, whole } = await made("small");
  const bytes = [...readFileSync(path)].map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
  const bits = (values: Float32Array) => [...new Uint32Array(values.buffer)];
  const script = [
    `(module $net binary "${bytes}")`,
    `(register "net" $net)`,
    `(module (import "net" "memory" (memory 1)) (import "net" "input" (func $input (result i32)))
      (import "net" "output" (func $output (result i32)))
      (func (export "set") (param i32 i32) (i32.store (i32.add (call $input) (local.get 0)) (local.get 1)))
      (func (export "get") (param i32) (result i32) (i32.load (i32.add (call $output) (local.get 0)))))`,
    ...bits(x).map((each, i) => `(assert_return (invoke "set" (i32.const ${4 * i}) (i32.const ${each})))`),
    ...[0, 3, 2].map((n) => `(assert_return (invoke $net "run" (i32.const ${n})) (i32.const ${n === 2 ? 0 : 1}))`),
    ...whole.map((each, i) => `(assert_return (invoke "get" (i32.const ${4 * i})) (i32.const ${each}))`),
  ];
  writeFileSync(join(folder, "net.wast"), script.join("\n"));
  execFileSync("wast2json", ["net.wast", "-o", "net.json"], { cwd: folder });
  const said = execFileSync("spectest-interp", ["net.json"], { cwd: folder, encoding: "utf8" });
  const count = said.trim().match(/^(\d+)\/\1 /);
  expect(count, said).not.toBeNull();
});

const python = [process.env.RESNET_WASM_PYTHON ?? "python3", "/usr/bin/python3"].find((each) =>
  works(each, "-c", "import wasmtime"),
);
it.skipIf(!python)(`wasmtime, by Python${without(!python && "Python with wasmtime")}`, async () => {
  const { path, x, whole, first } = await made("images");
  writeFileSync(join(folder, "x.bin"), new Uint8Array(x.buffer));
  const code = readFileSync(join(here, "../../../docs/standalone.md"), "utf8");
  const snippet = /```python\n([\s\S]*?)```/.exec(code)?.[1];
  expect(snippet?.trim().split("\n").length).toBeLessThanOrEqual(25);
  writeFileSync(join(folder, "host.py"), snippet as string);
  const run = (n: number) =>
    execFileSync(python as string, ["host.py", path, "x.bin", "y.bin", String(n)], { cwd: folder, encoding: "utf8" });
  for (const [n, expected] of [
    [2, whole],
    [1, first],
  ] as const) {
    run(n);
    const y = readFileSync(join(folder, "y.bin"));
    expect([...new Uint32Array(y.buffer, y.byteOffset, y.length / 4)]).toEqual(expected);
  }
  expect(() => run(3)).toThrow();
});

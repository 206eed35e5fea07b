// Modules of `compileModel` in hosts that do not have the library: what each finds must be the bits of `predict`.
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { inputOf } from "../standalone/host.js";
import { check } from "./expect.js";
import { dist, folder, root } from "./programs.js";

export const modules = join(folder, "standalone");
const BATCH = 2;

/** The networks of the bar: [network, shape of a sample]. */
const networks = (library) => ({
  mlp: [library.residualMLP({ in: 20, out: 5, width: 64, blocks: 4, norm: "batch" }), [20]],
  resnet20: [library.cifarResNet(20), [32, 32, 3]],
  resnet18: [library.resnet18(), [96, 96, 3]],
  mobilenetv2: [library.mobilenetV2(), [96, 96, 3]],
});

export const NAMES = Object.keys(networks({ residualMLP() {}, cifarResNet() {}, resnet18() {}, mobilenetV2() {} }));
const expected = {};

/** Writes build/runtimes/standalone/<name>.wasm and the program of a host beside them. */
export async function makeModules() {
  const entry = (name) => import(pathToFileURL(join(dist, name)).href);
  const [library, { compileModel }] = await Promise.all([entry("index.node.js"), entry("standalone.js")]);
  mkdirSync(modules, { recursive: true });
  copyFileSync(join(root, "test/e2e/standalone/host.js"), join(modules, "host.js"));
  for (const [name, [network, inputShape]] of Object.entries(networks(library))) {
    const model = await library.createModel(network, { inputShape, seed: 5, threads: 1, relaxedSimd: false });
    const shape = [BATCH, ...inputShape];
    const data = inputOf(shape.reduce((a, b) => a * b, 1));
    model.forward({ data, shape }, { training: true }); // running statistics that are not those of the start
    writeFileSync(join(modules, `${name}.wasm`), compileModel(model, { batchSize: BATCH }));
    const whole = [...new Uint32Array(model.predict({ data, shape }).data.buffer)];
    expected[name] = { statuses: [1, 1, 0, 0], whole, first: whole.slice(0, whole.length / BATCH) };
    model.dispose();
  }
}

/** The bits of each module, by name. Drivers of browsers sort keys. */
export function sameBits(found) {
  for (const name of NAMES)
    for (const [key, numbers] of Object.entries(expected[name]))
      check(`${found[name]?.[key]}` === `${numbers}`, `${name}: ${key} expected ${numbers}, got ${found[name]?.[key]}`);
}

/** An expression for what a host finds, `exportsOf` being one for the exports of the module `name`. */
export const findings = (exportsOf) =>
  `Object.fromEntries(await Promise.all(${JSON.stringify(NAMES)}.map(async (name) => [name, answersOf(${exportsOf})])))`;

/** Writes build/runtimes/standalone/<host>.js. */
export function writeHost(host, text) {
  const path = join(modules, `${host}.js`);
  writeFileSync(path, text);
  return path;
}

// Saved models whose network came from an ONNX file: loadModel of a process that knows nothing of such files opens them.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadOnnx } from "../../../src/hosts/node/onnx.js";
import { writeModel } from "../../../src/onnx/read.js";
import { numbers, residualModel } from "../../support/onnx-build.js";

const dist = pathToFileURL(fileURLToPath(new URL("../../../dist/", import.meta.url))).href;
const x = numbers(2 * 126);
let folder: string;
let expected: number[];
let net: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "resnet-wasm-imported-"));
  const file = writeModel(residualModel([3, 7, 6], 4));
  net = JSON.stringify(join(folder, "net.onnx"));
  writeFileSync(JSON.parse(net), file);
  const model = await loadOnnx(file, { relaxedSimd: false });
  writeFileSync(join(folder, "model.safetensors"), await model.save());
  expected = [...model.predict(x).data];
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a program prints, which has `loadModel` of an entry and the saved file's `bytes`. */
function run(entry: string, code: string): unknown {
  const file = JSON.stringify(join(folder, "model.safetensors"));
  const program = `import { readFileSync } from "node:fs"; import * as entry from "${dist}${entry}";
    const bytes = new Uint8Array(readFileSync(${file})); const x = ${JSON.stringify(x)}; ${code}`;
  return JSON.parse(execFileSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" }));
}

describe("a saved network from an ONNX file", () => {
  it.each(["index.node.js", "inference.node.js", "worker.node.js"])("is opened by loadModel of %s", (entry) => {
    const code = `const model = await entry.loadModel(bytes, { relaxedSimd: false });
      console.log(JSON.stringify([...(await model.predict(x)).data])); await model.dispose();`;
    expect(run(entry, code)).toEqual(expected);
  });

  it("gives several outputs by name, in a worker too", () => {
    const code = `const { importOnnx } = await import("${dist}onnx.node.js");
      const { network, state, inputShape } = importOnnx(new Uint8Array(readFileSync(${net})), { outputs: ["y", "flat"] });
      const model = await entry.createModel(network, { inputShape, relaxedSimd: false });
      await model.loadStateDict(state);
      const again = await entry.loadModel(await model.save());
      const { y, flat } = await again.predict(x);
      const passed = await again.forward(x);
      const dx = await again.backward({ y: { data: new Float32Array(8).fill(1), shape: [2, 4] } });
      console.log(JSON.stringify([[...y.data], flat.shape, Object.keys(passed), dx.shape, again.outputShapes]));
      await Promise.all([model.dispose(), again.dispose()]);`;
    expect(run("worker.node.js", code)).toEqual([expected, [2, 8], ["y", "flat"], [2, 7, 6, 3], { y: [4], flat: [8] }]);
    expect(run("index.node.js", code)).toEqual([expected, [2, 8], ["y", "flat"], [2, 7, 6, 3], { y: [4], flat: [8] }]);
  });

  it("is made again by createModel of a worker", () => {
    const code = `const { importOnnx } = await import("${dist}onnx.node.js");
      const { network, state, inputShape } = importOnnx(new Uint8Array(readFileSync(${net})));
      const model = await entry.createModel(network, { inputShape, relaxedSimd: false });
      await model.loadStateDict(state);
      console.log(JSON.stringify([...(await model.predict(x)).data]));
      await model.dispose();`;
    expect(run("worker.node.js", code)).toEqual(expected);
  });

  it("is refused with a typed error whatever its definition is", () => {
    const code = `const { readSafetensors, writeSafetensors, FormatError, loadModel, ...rest } = entry;
      const { tensors, metadata } = readSafetensors(bytes);
      const saved = JSON.parse(metadata["resnet-wasm"]);
      const got = [];
      const attempt = async (change) => {
        const copy = structuredClone(saved);
        change(copy.network.args);
        const file = writeSafetensors(tensors, { metadata: { "resnet-wasm": JSON.stringify(copy) } });
        try { await loadModel(file); got.push("loaded"); }
        catch (error) { got.push(error instanceof rest.ResnetWasmError ? "typed" : String(error)); }
      };
      await attempt(() => {});
      const junk = [null, 1, "a", [], {}, [null], [[]], -1, 1e300, "__proto__"];
      for (const value of junk) {
        await attempt((args) => { args[0] = value; });
        for (const key of ["input", "outputs", "isChannelsLast", "steps", "shapes", "weights"])
          if (typeof value !== "boolean") await attempt(([d]) => { d[key] = value; });
        for (const key of ["op", "name", "inputs", "outputs", "attributes"]) await attempt(([d]) => { d.steps[3][key] = value; });
        for (const key of ["strides", "pads", "dilations", "group"])
          await attempt(([d]) => { d.steps[0].attributes[key] = value; });
        for (const key of ["name", "shape", "role"]) await attempt(([d]) => { d.weights["fc.weight"][key] = value; });
        await attempt(([d]) => { d.shapes[d.input] = value; });
        await attempt(([d]) => { d.shapes[d.steps[0].outputs[0]] = value; });
      }
      console.log(JSON.stringify(got));`;
    const got = run("index.node.js", code) as string[];
    expect(got[0]).toBe("loaded");
    expect(got.filter((each) => each !== "loaded" && each !== "typed")).toEqual([]);
    expect(got.filter((each) => each === "typed").length).toBeGreaterThan(100);
  });
});

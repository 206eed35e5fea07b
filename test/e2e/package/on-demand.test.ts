// Files that come on demand import nothing and are made of what their importer has: so nothing is there twice that is told
// apart by identity, and an app pays for none of them before it asks.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { packAndInstall, root } from "./pack.js";

const packed = packAndInstall();
afterAll(() => packed.remove());

const dist = join(root, "dist");
/** All but the programs of workers, which are one file each, and what the command line loads. */
const files = readdirSync(dist, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.js$/.test(name) && !/^(\w+-worker|thread|tools)/.test(name))
  .map((name) => ({ name, text: readFileSync(join(dist, name), "utf8") }));
const asked = new Set(
  files.flatMap(({ text }) => [...text.matchAll(/\bimport\("[^"]*?([\w-]+\.js)"\)/g)].map(([, name]) => name)),
);
/** Kernels and programs of workers are text alone. */
const onDemand = files.filter(
  ({ name }) => asked.has(name.replace(/.*\//, "")) && !/(simd|relaxed)-|\/worker-/.test(name),
);

describe("files on demand", () => {
  it("import nothing at once", () => {
    const names = onDemand.map(({ name }) => name.replace(/^chunks\/|-\w+\.js$/g, ""));
    expect(names).toEqual(
      expect.arrayContaining(["checkpoint", "classify", "further", "profile", "safetensors-writer"]),
    );
    expect(onDemand.filter(({ text }) => /\bimport ?["'{*]|\bfrom ?["']/.test(text)).map(({ name }) => name)).toEqual(
      [],
    );
  });

  it("share what is told apart by identity", () => {
    const modules = files
      .filter(({ name }) => !/^(doctor|bin)\./.test(name) && existsSync(join(dist, `${name}.map`)))
      .flatMap(({ name }) => {
        const { sources } = JSON.parse(readFileSync(join(dist, `${name}.map`), "utf8"));
        return sources.map((source: string) => source.replace(/^(\.\.\/)+/, "")) as string[];
      });
    const twice = [...new Set(modules.filter((module, i) => modules.indexOf(module) !== i))];
    expect(twice).toContain("src/data/image/source.ts"); // a file for data sets has it, and one for classify
    const isIdentity = (path: string) => {
      const text = readFileSync(join(root, path), "utf8");
      // BatchNorms are found by their op when they are folded.
      const found =
        /new (WeakMap|FinalizationRegistry)|extends ResnetWasmError|^const registered|^export const batchNorm\b/m;
      return found.test(text);
    };
    expect(twice.filter((path) => path.startsWith("src/") && isIdentity(path))).toEqual([]);
    // Of layers there are only those twice that loadModel fetches: the further ones, and networks from ONNX
    // files where no importer has made its own known. Of ops none that a pass or a gradient knows.
    const read = (path: string) => readFileSync(join(root, path), "utf8");
    const layers = twice.filter(
      (path) =>
        path.startsWith("src/nn/") && !path.includes("/imported/") && /^export (abstract )?class/m.test(read(path)),
    );
    expect(
      layers.filter((path) => !read("src/nn/further.ts").includes(`./${path.slice("src/nn/".length, -3)}.js`)),
    ).toEqual([]);
    const known = read("src/ops/gradients.ts") + read("src/plan/fold.ts");
    const ops = twice.filter((path) => path.startsWith("src/ops/"));
    expect(ops).toContain("src/ops/norm.ts");
    expect(ops.filter((path) => known.includes(`/${path.slice("src/ops/".length, -3)}.js`))).toEqual([]);
  });

  it("serve the package as it is installed", () => {
    const program = `
      import * as lib from "resnet-wasm";
      import * as inference from "resnet-wasm/inference";
      const { Conv2d, createModel, Flatten, GELU, GroupNorm, Linear, Mish, Sequential } = lib;
      const network = new Sequential(new Conv2d(3, 4, { kernelSize: 1 }), new GroupNorm(2, 4), new GELU(), new Flatten(), new Linear(16, 2), new Mish());
      const model = await createModel(network, { inputShape: [2, 2, 3], threads: 1, relaxedSimd: false });
      const x = Float32Array.from({ length: 12 }, (_, i) => i / 12);
      const bytes = await model.save();
      const loaded = await inference.loadModel(bytes, { threads: 1, relaxedSimd: false });
      const image = { data: new Uint8Array(12), width: 2, height: 2 };
      const [first, second] = [await loaded.classify(image), await model.classify(image)];
      const refused = await loaded.classify({ ...image, width: 3 }).catch((error) => error);
      console.log(JSON.stringify([
        String(loaded.predict(x).data) === String(model.predict(x).data),
        JSON.stringify(first) === JSON.stringify(second),
        refused instanceof lib.ShapeError && refused instanceof inference.ShapeError,
        loaded.network instanceof lib.Layer && loaded.network instanceof inference.Layer,
        /GroupNorm/.test(String(await model.profile(x, { repetitions: 3 }))),
      ]));`;
    const flags = ["--input-type=module", "-e", program];
    expect(JSON.parse(execFileSync(process.execPath, flags, { cwd: packed.app, encoding: "utf8" }))).toEqual(
      Array(5).fill(true),
    );
  });
});

// What is published can be read: names of classes, places of errors, sources, and the licences of what others wrote.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { packAndInstall, root } from "./pack.js";

const packed = packAndInstall();
afterAll(() => packed.remove());
const installed = join(packed.app, "node_modules/resnet-wasm");

const node = (code: string, flags: string[] = []) =>
  spawnSync(process.execPath, [...flags, "--input-type=module", "-e", code], { cwd: packed.app, encoding: "utf8" });

describe("classes", () => {
  it("keep the names under which they are exported", () => {
    const { stdout } = node(`
      const modules = await Promise.all(["", "/inference", "/worker", "/data"].map((e) => import("resnet-wasm" + e)));
      const isClass = (f) => typeof f === "function" && /^class\\b/.test(Function.prototype.toString.call(f));
      const classes = modules.flatMap((m) => Object.entries(m)).filter(([, value]) => isClass(value));
      console.log(JSON.stringify(classes.map(([name, value]) => [name, value.name])));`);
    const names: [string, string][] = JSON.parse(stdout);
    expect(names.length).toBeGreaterThan(50);
    expect(names.filter(([exported, name]) => exported !== name)).toEqual([]);
  });

  it("are told by what is printed: models, trainers, optimisers, errors, in this thread and in a worker", () => {
    const { stdout, stderr } = node(`
      import * as lib from "resnet-wasm";
      import * as worker from "resnet-wasm/worker";
      import { loadModel } from "resnet-wasm/inference";
      import { inspect } from "node:util";
      const say = (value) => console.log(inspect(value, { depth: 0 }).split("\\n")[0].replace(/ .*/, ""));
      const network = new lib.Sequential(new lib.Linear(2, 2));
      const model = await lib.createModel(network, { inputShape: [2] });
      const optimizer = new lib.SGD({ lr: 0.1 });
      say(network);
      say(optimizer);
      say(model);
      say(lib.createTrainer(model, { loss: lib.mse(), optimizer }));
      say(await loadModel(await model.save()));
      const remote = await worker.createModel(network, { inputShape: [2] });
      say(remote);
      say(await worker.createTrainer(remote, { loss: lib.mse(), optimizer }));
      await remote.predict([[1]]).catch(say);
      await remote.dispose();
      await lib.loadModel(new Uint8Array(3)).catch(say);`);
    expect(stderr).toBe("");
    expect(stdout.trim().split("\n")).toEqual([
      "Sequential",
      "SGD",
      "Model",
      "Trainer",
      "Predictor",
      "WorkerModel",
      "WorkerTrainer",
      "ShapeError:",
      "FormatError:",
    ]);
  });
});

describe("an error that nobody catches", () => {
  const code = `import { Linear } from "resnet-wasm"; new Linear(-1, 2);`;

  it("prints its message, and a short line of source before it", () => {
    const { stderr } = node(code);
    expect(stderr).toMatch(/^ArgumentError: Linear: .* expected .*, got -1/m);
    expect(Math.max(...stderr.split("\n").map((line) => line.length))).toBeLessThan(250);
  });

  it("leads to the sources by the maps", () => {
    const { stderr } = node(code, ["--enable-source-maps"]);
    expect(stderr).toMatch(/at new Linear \(.*resnet-wasm\/src\/nn\/linear\.ts:\d+:\d+\)/);
  });
});

describe("source maps", () => {
  const maps = readdirSync(join(installed, "dist"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".map"))
    .map((name) => join(installed, "dist", name));

  it("name files of the package, or bring the text", () => {
    const missing = maps.flatMap((path) => {
      const { sources, sourcesContent } = JSON.parse(readFileSync(path, "utf8"));
      return sources.filter(
        (source: string, i: number) => !sourcesContent?.[i] && !existsSync(join(dirname(path), source)),
      );
    });
    expect(maps.length).toBeGreaterThan(50);
    expect(missing).toEqual([]);
  });

  it("stand beside all code but the text of kernels and programs and what the bundler adds", () => {
    const code = packed.files.filter((path) => /^dist\/.*\.js$/.test(path));
    const without = code.filter((path) => !packed.files.includes(`${path}.map`));
    const texts = /^dist\/chunks\/(([a-z\d]+-)*(simd|relaxed)|worker-(core|browser|node|data)|rolldown-runtime)-/;
    const others = without.filter((path) => !texts.test(path));
    // What only names other files has nothing to map.
    expect(others.filter((path) => readFileSync(join(installed, path), "utf8").length > 200)).toEqual([]);
  });

  it("tell whose code is in the package: all of it has its licence there", () => {
    const sources = maps.flatMap((path) => JSON.parse(readFileSync(path, "utf8")).sources as string[]);
    const names = new Set(sources.flatMap((source) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source)?.[1] ?? []));
    expect(names).toContain("@assemblyscript/loader");
    const papers = readFileSync(join(installed, "dist/THIRD-PARTY-LICENSES"), "utf8");
    for (const name of names) {
      const { version } = JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8"));
      expect(papers).toContain(`${name} ${version} (`);
      const folder = join(root, "node_modules", name === "@assemblyscript/loader" ? "assemblyscript" : name);
      expect(papers).toContain(readFileSync(join(folder, "LICENSE"), "utf8").trim());
    }
  });
});

it("npm pack makes the package, and fails where it cannot", () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  expect(scripts.prepack).toContain("npm run build");
  expect(() => execFileSync("npm", ["pack", "--dry-run"], { cwd: packed.app, stdio: "pipe" })).toThrow();
});

// The examples of public comments as programs: one for each entry point, in which every example is a function with things of its own.
import { type Entry, readEntries } from "../../../site/docs/api/entries.js";

/** Entries of which one is written how they are used; of the others that use them. */
export const callable = ({ kind }: Entry): boolean => kind === "function" || kind === "class" || kind === "constant";

/** Compiled, not run: why. */
export const NOT_RUN: Readonly<Record<string, string>> = {
  idbStore: "browsers have it",
  opfsStore: "browsers have it",
  loadCifar: "reads files that are not here",
  loadMnist: "reads files that are not here",
  FASHION_MNIST_SHA256: "reads files that are not here",
  imagenetNames: "a network of 1,000 classes",
  huggingFaceResNet: "reads files that are not here",
  timmResNet: "reads files that are not here",
  readPytorch: "reads files that are not here",
  doctor: "measures for seconds",
  formatReport: "measures for seconds",
  Cluster: "needs machines",
  openCluster: "needs machines",
  ClusterTrainer: "needs machines",
  serveWorker: "needs machines",
};

/** What examples find there, made anew for each. */
const setup = (module: string) => `
import * as fs from "node:fs";
import { gzipSync } from "node:zlib";
import * as main from "resnet-wasm";
import * as data from "resnet-wasm/data";
import * as own from "${module.endsWith("/worker") ? module : "resnet-wasm"}";

const { readFileSync, writeFileSync } = fs;
async function setup() {
  const transform = { resize: 16, crop: 16, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
  const classNames = ["one", "two", "three"];
  const options = { inputShape: [16, 16, 3], seed: 1, classNames, transform };
  const model = await own.createModel(main.cifarResNet(8, { classes: 3 }), options);
  const trainer = await own.createTrainer(model, { loss: main.crossEntropy(), optimizer: new main.SGD({ lr: 0.01 }) });
  const size = 16 * 16 * 3;
  const x = new Float32Array(size).fill(0.5);
  const samples = Float32Array.from({ length: 30 * size }, (_, i) => (Math.sin(i) + 1) / 2);
  const y = Array.from({ length: 30 }, (_, i) => i % 3);
  const dataset = data.arrayDataset({ x: samples, y, inputShape: [16, 16, 3], classes: 3, classNames });
  const held = dataset;
  const signals = data.arrayDataset({ x: new Float32Array(640), y: y.slice(0, 10), inputShape: [32, 2], classes: 3 });
  const values = data.arrayDataset({ x: [[1, 2], [3, 4], [5, 6]], y: [1, 2, 3], inputShape: [2] });
  const line = await main.createModel(new main.Linear(2, 1), { inputShape: [2] });
  const numbers = main.createTrainer(line, { loss: main.mse(), optimizer: new main.SGD({ lr: 0.01 }) });
  const rows = Array.from({ length: 60 }, (_, i) => \`\${i % 7},\${(i * 3) % 10},\${i % 7 > (i * 3) % 10 ? "a" : "b"}\`);
  const csv = ["a,b,result", ...rows].join("\\n");
  const table = data.readCsv(csv, { target: "result" });
  const bytes = await model.save();
  const picture = { data: new Uint8Array(64 * 48 * 3), width: 64, height: 48 };
  const idx = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 5, 6);
  const packed = new Uint8Array(gzipSync(idx));
  return { model, trainer, x, dataset, held, signals, values, numbers, csv, table, bytes, picture, idx, packed };
}
const all: [string, () => unknown][] = [];
`;

const NAMES = "model, trainer, x, dataset, held, signals, values, numbers, csv, table, bytes, picture, idx, packed";
const indented = (code: string) => code.replace(/^/gm, "    ");

/** An example of an op of own layers stands in such a layer, any other by itself. */
function asFunction(name: string, code: string): string {
  const isOp = /[( ]b[.,]/.test(code) && !code.includes("class ");
  const body = isOp
    ? `    class Own extends main.Layer {
      readonly type = "Own";
      protected args() {
        return [];
      }
      protected record(b: main.Builder, x: main.ValueId): main.ValueId {
        const channels = b.shape(x).at(-1) ?? 0;
${indented(code)}
        return channels > 0 ? b.relu(x) : x;
      }
    }
    await main.createModel(new Own(), { inputShape: [4, 4, 8] });`
    : indented(code.replace(/^import .*\n/gm, ""));
  return `all.push([${JSON.stringify(name)}, async () => {
  const { ${NAMES} } = await setup();
  {
${body}
  }
}]);`;
}

/** Where an example's names come from: the entry point that it stands in, else those that have few of the same names. */
function imports(code: string, module: string, entries: readonly Entry[]): string {
  const words = new Set(code.match(/[A-Za-z_]\w*/g));
  const found = new Map<string, string[]>();
  const rank = ({ modules }: Entry) => (modules.includes(module) ? -1 : modules.includes("resnet-wasm") ? 0 : 1);
  const taken = new Set<string>();
  for (const entry of [...entries].sort((a, b) => rank(a) - rank(b))) {
    if (!words.has(entry.name) || taken.has(entry.name)) continue;
    taken.add(entry.name);
    const from = entry.modules.includes(module) ? module : entry.modules[0];
    found.set(from, [...(found.get(from) ?? []), callable(entry) ? entry.name : `type ${entry.name}`]);
  }
  return [...found].map(([from, names]) => `import { ${names.join(", ")} } from "${from}";`).join("\n");
}

export interface Program {
  module: string;
  code: string;
}

export interface Examples {
  programs: Program[];
  /** Names that have none. */
  without: string[];
  names: string[];
}

export function programs(entries = readEntries()): Examples {
  const own = entries.filter(callable);
  const modules = [...new Set(own.map((entry) => entry.modules[0]))];
  return {
    names: own.map(({ name }) => name),
    without: own
      .filter(({ comment }) => comment.examples.length === 0)
      .map(({ name, modules }) => `${modules[0]}: ${name}`),
    programs: modules.map((module) => {
      const here = own.filter((entry) => entry.modules[0] === module);
      const functions = here.flatMap(({ name, comment }) => comment.examples.map((code) => asFunction(name, code)));
      const code = functions.join("\n");
      const skipped = JSON.stringify(Object.keys(NOT_RUN));
      const run = `
const failures: string[] = [];
for (const [name, example] of all.filter(([name]) => !${skipped}.includes(name)))
  try {
    await example();
  } catch (error) {
    failures.push(\`\${name}: \${(error as Error).message}\`);
  }
fs.writeFileSync(process.argv[2] ?? "", JSON.stringify(failures));
process.exit();
`;
      return { module, code: `${imports(code, module, entries)}\n${setup(module)}\n${code}\n${run}` };
    }),
  };
}

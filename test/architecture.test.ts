// The rules of the house: ranks, no cycles, file length.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync } from "vite";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

function files(dir: string, ending = ".ts"): string[] {
  return readdirSync(join(root, dir), { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (["node_modules", "generated"].includes(entry.name)) return [];
    return entry.isDirectory() ? files(path, ending) : entry.name.endsWith(ending) ? [path] : [];
  });
}

const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** Relative imports of a file, types included, as paths from the root. */
function imports(path: string): string[] {
  const found = read(path).matchAll(/(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g);
  return [...found].map(([, specifier]) =>
    relative(root, join(root, dirname(path), specifier)).replace(/\.js$/, ".ts"),
  );
}

/** A folder imports folders of lower rank only. */
const RANKS: Record<string, number> = {
  core: 0,
  abi: 1,
  stores: 1,
  graph: 2,
  data: 2,
  metrics: 3,
  ops: 3,
  nn: 4,
  optim: 4,
  plan: 4,
  io: 4,
  program: 5,
  runtime: 6,
  model: 7,
  train: 8,
  onnx: 9,
  recipes: 9,
  standalone: 9,
  worker: 9,
  cluster: 10,
  quantize: 10,
  faces: 11,
  hosts: 12,
  tools: 13,
};
const folder = (path: string) => path.split("/")[1];
const rank = (path: string) => RANKS[folder(path)];
const source = files("src");

describe("src", () => {
  it("has nothing without a rank, and no file outside of the folders", () => {
    expect([...new Set(source.map(folder))].filter((name) => !(name in RANKS))).toEqual([]);
  });

  it("imports downwards only", () => {
    const upward = source.flatMap((path) =>
      imports(path)
        .filter((target) => target.startsWith("src/") && folder(target) !== folder(path))
        .filter((target) => rank(target) >= rank(path))
        .map((target) => `${path} imports ${target}`),
    );
    expect(upward).toEqual([]);
  });

  it("keeps the runtimes apart", () => {
    const host = (path: string) => path.split("/")[2];
    const hosts = source.filter((path) => folder(path) === "hosts");
    const across = hosts.flatMap((path) =>
      imports(path).filter((target) => folder(target) === "hosts" && host(target) !== host(path)),
    );
    expect(across).toEqual([]);
  });

  /** Who knows ops by themselves, above the layers and imports that record them, and why. All others ask for traits. */
  const KNOW_OPS: Record<string, string> = {
    "src/plan/autodiff.ts": "adds gradients up, by the rules of all ops",
    "src/plan/fold.ts": "its rewrite is of BatchNorm",
    "src/model/memory-plan.ts": "records an update, to measure it",
    "src/optim/optimizers.ts": "records an update",
    "src/quantize/costs.ts": "what a product costs follows from its shape",
    "src/quantize/emit.ts": "puts products of integers in the places of others",
    "src/quantize/precision.ts": "knows the units of integers",
    "src/quantize/histogram.ts": "knows the units of integers",
    "src/quantize/record.ts": "finds the products that can be computed on integers",
    "src/optim/update.ts": "records an update",
  };

  it("asks ops for traits instead of knowing them by name", () => {
    const passes = source.filter((path) => rank(path) > RANKS.ops && !["nn", "onnx", "faces"].includes(folder(path)));
    const knowing = passes.filter((path) =>
      imports(path).some((target) => folder(target) === "ops" && target !== "src/ops/builder.ts"),
    );
    expect(knowing.sort()).toEqual(Object.keys(KNOW_OPS).sort());
    expect(passes.filter((path) => /\bop\.name\s*[!=]==/.test(read(path)))).toEqual([]);
  });

  it("has no import cycle", () => {
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (path: string, trail: string[]): void => {
      if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(" → "));
      if (done.has(path) || trail.includes(path)) return;
      for (const target of imports(path)) if (source.includes(target)) visit(target, [...trail, path]);
      done.add(path);
    };
    for (const path of source) visit(path, []);
    expect(cycles).toEqual([]);
  });

  it("says at the head of each file what it holds, as /** */ where imports follow", () => {
    const header = /^(#!.*\n)?(\/\*\*|(\/\/.*\n)+\n*(export|const|function))/;
    const others = source.filter((path) => !path.endsWith(".d.ts") && !header.test(read(path)));
    expect(others).toEqual([]);
  });

  it("exports nothing that nobody else uses", () => {
    const users = [...source, ...["scripts", "test", "bench"].flatMap((dir) => [...files(dir), ...files(dir, ".js")])];
    const words = new Map(users.map((path) => [path, new Set(read(path).match(/\w+/g))]));
    const unused = source.flatMap((path) =>
      [...read(path).matchAll(/^export (?:async )?(?:const|function\*?|class|abstract class) (\w+)/gm)]
        .map(([, name]) => name)
        .filter((name) => !users.some((user) => user !== path && words.get(user)!.has(name)))
        .map((name) => `${path}: ${name}`),
    );
    expect(unused).toEqual([]);
  });

  it("uses no Math function whose result differs between engines on the way to a weight", () => {
    const inexact =
      /Math\.(exp|expm1|log|log2|log10|log1p|pow|sin|cos|tan|tanh|sinh|cosh|asin|acos|atan|atan2|cbrt|hypot|random)\b|\*\*(?!\s*\d)/;
    const guarded = source.filter((path) =>
      ["core", "abi", "graph", "metrics", "ops", "nn", "optim", "plan", "model", "train"].includes(folder(path)),
    );
    const hits = guarded.flatMap((path) =>
      read(path)
        .split("\n")
        .filter((line) => !/^\s*(\*|\/\/|\/\*)/.test(line) && inexact.test(line))
        .map((line) => `${path}: ${line.trim()}`),
    );
    expect(hits).toEqual([]);
  });
});

describe("assembly", () => {
  const kernels = files("assembly");

  /** Functions of more than 8 arguments, and why. */
  const LONG: Record<string, string> = {
    "assembly/conv/slab.ts: copy_slab": "an image, a rectangle of it, and where it goes: no record has them all",
    "assembly/conv/ukernel.ts: conv": "a micro-kernel with the constant that makes two of it; its callers have 8",
    "assembly/conv/ukernel_wide.ts: packed": "the same",
    "assembly/conv/winograd.ts: input": "a transform with the constant that makes two of it; its callers have 8",
    "assembly/conv/dwconv.ts: convolve": "a kernel with the constant that makes two of it; its caller has 8",
    "assembly/conv/conv2d_winograd.ts: finish": "inline: a pixel's vectors in their registers",
    "assembly/int8/epilogue.ts: finish": "inline: twelve sums in their registers",
    "assembly/int8/ukernel.ts: end_tile": "inline: the same",
  };

  it("hands on records, not long lists of arguments", () => {
    const long = kernels.flatMap((path) =>
      [...read(path).matchAll(/function (\w+)\(([^)]*)\)/g)]
        .filter(([, , list]) => list.split(",").length > 8)
        .map(([, name]) => `${path}: ${name}`),
    );
    expect(long.sort()).toEqual(Object.keys(LONG).sort());
  });

  it("has no line over 120 characters, and no two empty ones", () => {
    const bad = kernels.flatMap((path) =>
      read(path)
        .split("\n")
        .map((line, i, lines) => ({ at: `${path}:${i + 1}`, bad: line.length > 120 || (!line && lines[i + 1] === "") }))
        .filter((line, i, all) => line.bad && i < all.length - 2)
        .map(({ at }) => at),
    );
    expect(bad).toEqual([]);
  });

  it("has a header in each file, and writes i++ where nobody takes the value", () => {
    expect(kernels.filter((path) => !/^(\/\*\*|\/\/ )/.test(read(path)))).toEqual([]);
    const prefixed = /^\s*(\+\+|--)\w+;|for \([^;]*;[^;]*; (.*, )?(\+\+|--)\w/;
    const lines = kernels.flatMap((path) =>
      read(path)
        .split("\n")
        .map((line, i) => ({ at: `${path}:${i + 1}`, line })),
    );
    expect(lines.filter(({ line }) => prefixed.test(line)).map(({ at }) => at)).toEqual([]);
  });
});

describe("files", () => {
  it("of tests lie in a lane: unit, kernels, golden, e2e or speed (vitest.config.js)", () => {
    const lanes = /^test\/(\w+\.test\.ts$|(unit|kernels|golden|e2e|speed)\/)/;
    expect(files("test", ".test.ts").filter((path) => !lanes.test(path))).toEqual([]);
    expect(
      files("test").filter((path) => !lanes.test(path) && !/^test\/(support|types|platforms)\//.test(path)),
    ).toEqual([]);
  });

  it("stay under 400 lines", () => {
    const all = [
      ...source,
      ...files("assembly"),
      ...files("test"),
      ...files("bench", ".js"),
      ...files("examples", ".js"),
      ...files("scripts", ".js"),
      ...files("scripts", ".ts"),
      ...[".ts", ".tsx", ".css", ".js"].flatMap((ending) => files("site", ending)),
    ];
    expect(all.filter((path) => read(path).split("\n").length > 400)).toEqual([]);
  });
});

interface Callable {
  name: string;
  parameters: number;
}

/** Every function, method and signature of a file in src/, with the number of its parameters. */
function callables(path: string): Callable[] {
  const { program, errors } = parseSync(path, read(path));
  if (errors.length > 0) throw new Error(`${path}: ${errors[0].message}`);
  const found: Callable[] = [];
  const visit = (node: unknown, name: string): void => {
    if (typeof node !== "object" || node === null) return;
    if (Array.isArray(node)) {
      for (const child of node) visit(child, name);
      return;
    }
    const { id, key, params, ...rest } = node as Record<string, never>;
    const own = (id as { name?: string })?.name ?? (key as { name?: string })?.name ?? name;
    if (Array.isArray(params)) found.push({ name: own, parameters: (params as unknown[]).length });
    for (const child of Object.values({ id, key, params, ...rest })) visit(child, own);
  };
  visit(program, path);
  return found;
}

describe("functions of src/", () => {
  it("take at most 6 positional parameters", () => {
    const all = source.flatMap((path) =>
      callables(path).map((found) => ({ ...found, place: `${path}: ${found.name}` })),
    );
    expect(all.length).toBeGreaterThan(1000);
    const long = all.filter(({ parameters }) => parameters > 6).map(({ place }) => place);
    expect(long).toEqual([]);
  });
});

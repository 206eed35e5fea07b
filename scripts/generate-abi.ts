// Writes assembly/generated/, the kernels' half of the ABI, from src/abi/: a class for each record, the numbers of the
// kernels, codes and constants, the dispatch, and a list of exports for each module. Run by scripts/build-kernels.js.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CONTROL } from "../src/abi/control.js";
import { ACTIVATION_GRADIENT, ACTIVATIONS, BINARY, REDUCTIONS, REGRESSION_LOSSES, UNARY } from "../src/abi/enums.js";
import { SECOND_PANEL } from "../src/abi/gemm.js";
import {
  type FieldType,
  GROUPS,
  type Group,
  type KernelName,
  PARTS,
  parseFields,
  SIGNATURES,
} from "../src/abi/records.js";
import { WINOGRAD_CONSTANTS } from "../src/abi/winograd.js";

const HEAD = "// Written by scripts/generate-abi.ts from src/abi/. Do not edit.\n";
const UNMANAGED = "// @ts-ignore: decorator\n@unmanaged\n";
const types: Record<FieldType, string> = { ptr: "usize", bytes: "usize", i32: "i32", f32: "f32" };

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const pascal = (name: string): string => name.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());

/** The record of `f32_conv2d_dw` is a `Conv2dDwRecord`. */
const recordOf = (kernel: string): string => `${pascal(kernel.replace(/^f32_/, ""))}Record`;

const enumeration = (name: string, codes: Record<string, number>): string =>
  `export const enum ${name} {\n${Object.entries(codes)
    .map(([code, value]) => `  ${snake(code)} = ${value},\n`)
    .join("")}}\n`;

const fields = (signature: string): string =>
  Object.entries(parseFields(signature))
    .map(([name, type]) => `  ${name}: ${types[type]};\n`)
    .join("");

/** A part of a record as an object of its own, laid over the fields that the record has of it. */
function part(record: string, name: string): string {
  const first = Object.keys(parseFields(PARTS[name as keyof typeof PARTS]))[0];
  const body = `return changetype<${name}>(changetype<usize>(this) + offsetof<${record}>("${first}"));`;
  return `  // @ts-ignore: decorator\n  @inline\n  get ${name[0].toLowerCase()}${name.slice(1)}(): ${name} {\n    ${body}\n  }\n`;
}

function recordClass(kernel: KernelName): string {
  const name = recordOf(kernel);
  const signature: string = SIGNATURES[kernel];
  const parts = signature.split(" ").filter((word) => word in PARTS);
  return `${UNMANAGED}export class ${name} extends Header {\n${fields(signature)}${parts.map((p) => part(name, p)).join("")}}\n`;
}

function records(): string {
  const kernels = Object.keys(SIGNATURES) as KernelName[];
  return [
    HEAD,
    enumeration("Kernel", Object.fromEntries(kernels.map((name, i) => [name, i]))),
    enumeration("Activation", { ...ACTIVATIONS, gradient: ACTIVATION_GRADIENT }),
    enumeration("RegressionLoss", REGRESSION_LOSSES),
    enumeration("Unary", UNARY),
    enumeration("Binary", BINARY),
    enumeration("Reduction", REDUCTIONS),
    enumeration("Control", CONTROL),
    `// @ts-ignore: decorator\n@inline\nexport const SECOND_PANEL: usize = ${SECOND_PANEL};\n`,
    `/** What every record begins with. */\n${UNMANAGED}export class Header {\n  kernel: i32;\n  words: i32;\n}\n`,
    ...Object.entries(PARTS).map(([name, signature]) => `${UNMANAGED}export class ${name} {\n${fields(signature)}}\n`),
    ...kernels.map(recordClass),
    `${UNMANAGED}export class WinogradConstants {\n${WINOGRAD_CONSTANTS.replace(/(\w+) ?/g, "  $1: v128;\n")}}\n`,
  ].join("\n");
}

interface Kernel {
  name: KernelName;
  path: string;
  group: Group;
  training: boolean;
  /** It can do any part of its work by itself, so that threads claim parts of it; the others claim their work themselves. */
  inParts: boolean;
}

/** The sources below `dir` by path, without ending, from there. */
function readSources(dir: string): Map<string, string> {
  const paths = readdirSync(dir, { recursive: true, encoding: "utf8" });
  const handwritten = paths.filter((path) => path.endsWith(".ts") && !path.startsWith("generated"));
  return new Map(handwritten.map((path) => [path.replace(/\.ts$/, ""), readFileSync(join(dir, path), "utf8")]));
}

/** Finds each kernel of the table: the function of its name, whose parameters say how threads share its work. */
function findKernels(files: Map<string, string>): Kernel[] {
  const found = new Map<string, { path: string; inParts: boolean }>();
  for (const [path, text] of files) {
    for (const [, name, record, by] of text.matchAll(
      /^export function (\w+)\(r: (\w+), (part|thread): i32, \w+: i32\)/gm,
    )) {
      if (record !== recordOf(name)) throw new Error(`${path}: ${name} takes ${recordOf(name)}, not ${record}`);
      found.set(name, { path, inParts: by === "part" });
    }
  }
  // run.ts reads the guard.
  const names = (Object.keys(SIGNATURES) as KernelName[]).filter((name) => (name as string) !== "guard");
  for (const name of found.keys())
    if (!(name in SIGNATURES)) throw new Error(`src/abi/records.ts: no record for ${name}`);
  return names.map((name) => {
    const kernel = found.get(name);
    if (!kernel) throw new Error(`assembly/: no function ${name}(r: ${recordOf(name)}, part or thread: i32, …)`);
    const words: string[] = SIGNATURES[name].split(" ");
    // Scratch belongs to threads, of which any may run a part.
    if (kernel.inParts && words.includes("PerThread"))
      throw new Error(`${name}: has scratch, so takes (thread, threads)`);
    const group = GROUPS.find((each) => each === words[0]) ?? GROUPS[0];
    return { name, ...kernel, group, training: words.includes("train") };
  });
}

/** The files that `path` leads to, itself included. */
function reach(files: Map<string, string>, path: string, seen = new Set<string>()): Set<string> {
  if (seen.has(path) || !files.has(path)) return seen;
  seen.add(path);
  for (const [, target] of files.get(path)!.matchAll(/from "(\.[^"]+)"/g))
    reach(files, join(dirname(path), target), seen);
  return seen;
}

/** The lines that import or export these functions. */
const named = (keyword: "import" | "export", functions: { name: string; path: string }[]): string =>
  [...new Set(functions.map(({ path }) => path))]
    .map((path) => ({ path, names: functions.filter((other) => other.path === path).map(({ name }) => name) }))
    .map(({ path, names }) => `${keyword} { ${names.join(", ")} } from "../${path}";\n`)
    .join("");

/** The constant of a build that says whether it has a group; all have the first. */
const constant = (group: Group): string => (group === GROUPS[0] ? "" : group.toUpperCase());

/**
 * The switches over the kernels: one for each group, for predictions and for training, in turn. A build leaves out those
 * whose constants are 0 in it.
 */
function dispatch(kernels: Kernel[]): string {
  const sections = GROUPS.flatMap((group) => [false, true].map((training) => ({ group, training })));
  const switches = (inParts: boolean): { calls: string; functions: string } => {
    const by = inParts ? "part, parts" : "thread, threads";
    const parameters = `kernel: i32, r: usize, ${by.replace(/\w+/g, "$&: i32")}`;
    const made = sections.flatMap(({ group, training }) => {
      const inside = kernels.filter((k) => k.group === group && k.training === training && k.inParts === inParts);
      if (inside.length === 0) return [];
      const name = `${inParts ? "part" : "whole"}_${group}${training ? "_training" : ""}`;
      const cases = inside.map(
        (k) => `    case Kernel.${k.name}: ${k.name}(changetype<${recordOf(k.name)}>(r), ${by}); break;`,
      );
      const conditions = [constant(group), training ? "TRAINING" : "", `${name}(kernel, r, ${by})`].filter(Boolean);
      const body = `  switch (kernel) {\n${cases.join("\n")}\n    default: return false;\n  }\n  return true;`;
      return { call: conditions.join(" && "), text: `function ${name}(${parameters}): bool {\n${body}\n}\n` };
    });
    return {
      calls: made.map(({ call }) => `  if (${call}) return true;\n`).join(""),
      functions: made.map(({ text }) => text).join("\n"),
    };
  };
  const [whole, part] = [switches(false), switches(true)];
  return `${HEAD}
import { Kernel, ${kernels.map(({ name }) => recordOf(name)).join(", ")} } from "./records";
${named("import", kernels)}
/** Runs a kernel that shares its work out itself; false when \`kernel\` is none of them. */
export function dispatch_whole(kernel: i32, r: usize, thread: i32, threads: i32): bool {
${whole.calls}  return false;
}

/** Runs part \`part\` of \`parts\` of a kernel whose parts do not depend on each other; false when it is none of them. */
export function dispatch_part(kernel: i32, r: usize, part: i32, parts: i32): bool {
${part.calls}  return false;
}

${whole.functions}
${part.functions}`;
}

/**
 * The exports of kernels. The library calls none of the kernels and their micro-kernels: they are exported to keep Binaryen
 * from inlining them, and for the tests.
 */
function exportsOf(files: Map<string, string>, kernels: Kernel[], wide = false): string {
  const reached = [...new Set(kernels.flatMap(({ path }) => [...reach(files, path)]))];
  const imports = reached.flatMap((path) =>
    [...files.get(path)!.matchAll(/^import \{([^}]*)\} from "([^"]+)"/gm)].flatMap(([, names, target]) =>
      names.split(",").map((name) => ({ name: name.trim(), path: join(dirname(path), target) })),
    ),
  );
  const kept = imports.filter(
    ({ name, path }) =>
      name.includes("_ukernel_") &&
      (wide || !path.endsWith("_wide")) &&
      !files.get(path)?.includes(`@inline
export function ${name}(`),
  );
  const micro = new Map(kept.map((each) => [each.name, each]));
  return `${HEAD}\n${named("export", [...kernels, ...micro.values()])}`;
}

/** The entry of a module that runs programs. */
function entry(files: Map<string, string>, kernels: Kernel[], count: number, wide = false): string {
  const groups = `/** How many groups of kernels this module has. */\nexport function groups(): i32 {\n  return ${count};\n}\n`;
  return `${exportsOf(files, kernels, wide)}\n${groups}\nexport { run, submit, serve } from "../run";\n`;
}

/** A build of a module. */
export interface Build {
  /** What its files are called in front of the variant: "", "classic-", "inference-", "inference-classic-". */
  prefix: string;
  /** Its entry file, below assembly/. */
  entry: string;
  /** The constants that say what is in it. */
  constants: Record<string, 0 | 1>;
  /** Where it is built for one of the two alone. */
  variant?: "simd" | "relaxed";
  /** Functions to take apart, for modules without a library around them. */
  functions?: readonly string[];
}

/** Writes the files below `assembly`, the path of that folder. Gives the builds: with and without training, up to each group. */
export function generate(assembly: string): Build[] {
  const files = readSources(assembly);
  const kernels = findKernels(files);
  const texts: Record<string, string> = { "records.ts": records(), "dispatch.ts": dispatch(kernels) };
  const builds = [true, false].flatMap((training) =>
    GROUPS.filter((group) => !training || group !== "int8").map((group): Build => {
      const last = GROUPS.indexOf(group);
      const inside = kernels.filter((k) => GROUPS.indexOf(k.group) <= last && (training || !k.training));
      const name = `${training ? "training" : "inference"}-${group}.ts`;
      texts[name] = entry(files, inside, last + 1);
      const others = GROUPS.slice(1).map((each, i) => [constant(each), i + 1 <= last ? 1 : 0] as const);
      return {
        prefix: `${training ? "" : "inference-"}${group === "rare" ? "" : `${group}-`}`,
        entry: `generated/${name}`,
        constants: { SINGLE: 0, WIDE: 0, TRAINING: training ? 1 : 0, ...Object.fromEntries(others) },
      };
    }),
  );
  // Wide kernels are for Node alone, where nobody counts bytes: those of training, up to the last group that has any.
  const all = builds.filter(({ prefix }) => prefix === "");
  texts["training-wide.ts"] = entry(
    files,
    kernels.filter(({ group }) => group !== "int8"),
    GROUPS.indexOf("rare") + 1,
    true,
  );
  builds.push(
    ...all.map(({ constants }) => ({
      prefix: "wide-",
      entry: "generated/training-wide.ts",
      constants: { ...constants, WIDE: 1 as const },
    })),
  );
  const extra = ["expand_f16", "transform_image"];
  for (const variant of ["simd", "relaxed"] as const) {
    // Modules of networks in eight bits are never relaxed (src/standalone/compile.ts).
    const inside = kernels.filter(({ training, group }) => !training && (variant === "simd" || group !== "int8"));
    const name = `standalone-${variant}.ts`;
    texts[name] =
      `${exportsOf(files, inside)}export { expand_f16 } from "../standalone/expand";\nexport { transform_image } from "../standalone/transform";\n`;
    builds.push({
      prefix: "standalone-",
      variant,
      entry: `generated/${name}`,
      constants: {
        SINGLE: 1,
        WIDE: 0,
        TRAINING: 0,
        ...Object.fromEntries(GROUPS.slice(1).map((each) => [constant(each), each === "int8" ? 0 : 1])),
      },
      functions: [...inside.map(({ name }) => name), ...extra],
    });
  }
  rmSync(join(assembly, "generated"), { recursive: true, force: true });
  mkdirSync(join(assembly, "generated"), { recursive: true });
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(assembly, "generated", name), text);
  return builds;
}

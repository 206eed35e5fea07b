// Writes assembly/generated/, the kernels' half of the ABI, from src/abi/: a class for each record, the numbers of the
// kernels, codes and constants, the dispatch, and a list of exports for each module. Run by scripts/build-kernels.js.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CONTROL } from "../src/abi/control.js";
import { ACTIVATION_GRADIENT, ACTIVATIONS, REGRESSION_LOSSES } from "../src/abi/enums.js";
import { type FieldType, type KernelName, PARTS, parseFields, SIGNATURES } from "../src/abi/records.js";
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
    enumeration("Control", CONTROL),
    `/** What every record begins with. */\n${UNMANAGED}export class Header {\n  kernel: i32;\n  words: i32;\n}\n`,
    ...Object.entries(PARTS).map(([name, signature]) => `${UNMANAGED}export class ${name} {\n${fields(signature)}}\n`),
    ...kernels.map(recordClass),
    `${UNMANAGED}export class WinogradConstants {\n${WINOGRAD_CONSTANTS.replace(/(\w+) ?/g, "  $1: v128;\n")}}\n`,
  ].join("\n");
}

interface Kernel {
  name: KernelName;
  path: string;
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
    return { name, ...kernel, training: words[0] === "train" };
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

function dispatch(kernels: Kernel[]): string {
  const cases = (training: boolean, inParts: boolean) =>
    kernels
      .filter((kernel) => kernel.training === training && kernel.inParts === inParts)
      .map(
        ({ name }) =>
          `    case Kernel.${name}: ${name}(changetype<${recordOf(name)}>(r), ${inParts ? "part, parts" : "thread, threads"}); break;\n`,
      )
      .join("");
  return `${HEAD}
import { Kernel, ${kernels.map(({ name }) => recordOf(name)).join(", ")} } from "./records";
${named("import", kernels)}
// The build for inference (TRAINING = 0) leaves the switches for training out.

/** Runs a kernel that shares its work out itself; false when \`kernel\` is none of them. */
export function dispatch_whole(kernel: i32, r: usize, thread: i32, threads: i32): bool {
  switch (kernel) {
${cases(false, false)}    default: return TRAINING && dispatch_whole_training(kernel, r, thread, threads);
  }
  return true;
}

function dispatch_whole_training(kernel: i32, r: usize, thread: i32, threads: i32): bool {
  switch (kernel) {
${cases(true, false)}    default: return false;
  }
  return true;
}

/** Runs part \`part\` of \`parts\` of a kernel whose parts do not depend on each other. */
export function dispatch_part(kernel: i32, r: usize, part: i32, parts: i32): void {
  switch (kernel) {
${cases(false, true)}    default:
      if (TRAINING) dispatch_part_training(kernel, r, part, parts);
      else unreachable();
  }
}

function dispatch_part_training(kernel: i32, r: usize, part: i32, parts: i32): void {
  switch (kernel) {
${cases(true, true)}    default: unreachable();
  }
}
`;
}

/**
 * A module's exports. The library calls none of the kernels and their micro-kernels: they are exported to keep Binaryen
 * from inlining them, and for the tests.
 */
function entry(files: Map<string, string>, kernels: Kernel[]): string {
  const reached = [...new Set(kernels.flatMap(({ path }) => [...reach(files, path)]))];
  const imports = reached.flatMap((path) =>
    [...files.get(path)!.matchAll(/^import \{([^}]*)\} from "([^"]+)"/gm)].flatMap(([, names, target]) =>
      names.split(",").map((name) => ({ name: name.trim(), path: join(dirname(path), target) })),
    ),
  );
  const kept = imports.filter(
    ({ name, path }) =>
      name.includes("_ukernel_") &&
      !files.get(path)?.includes(`@inline
export function ${name}(`),
  );
  const microKernels = new Map(kept.map((each) => [each.name, each]));
  const functions = [...kernels, ...microKernels.values()];
  return `${HEAD}\nexport { run, submit, serve } from "../run";\n${named("export", functions)}`;
}

/** Writes the files below `assembly`, the path of that folder. */
export function generate(assembly: string): void {
  const files = readSources(assembly);
  const kernels = findKernels(files);
  const texts = {
    "records.ts": records(),
    "dispatch.ts": dispatch(kernels),
    "training.ts": entry(files, kernels),
    "inference.ts": entry(
      files,
      kernels.filter(({ training }) => !training),
    ),
  };
  mkdirSync(join(assembly, "generated"), { recursive: true });
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(assembly, "generated", name), text);
}

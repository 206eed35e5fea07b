/**
 * Files on demand: what a source imports by `import("./x.js")` becomes a file of its own, which imports nothing of the
 * package. It gives a function that makes the module of what it shares with the file that asks for it:
 *
 *   import("./x.js")   →   import("./chunks/x-<hash>.js").then(({ default: make }) => make(expectation, numel))
 *
 * A file with imports would be an entry point to esbuild, whether an app calls for it or not: all that it shares would be
 * kept, and cut out of the app into a file that both import (bench/NOTES.md, Sizes).
 */
import { dirname, relative } from "node:path/posix";
import MagicString from "magic-string";
import type { Plugin } from "rolldown";
import { parseAst } from "rolldown/parseAst";
import { RECORDS } from "./kernel-names.js";
import { fromRoot } from "./root.js";

/** What a module imports, at once and on demand, as paths. */
interface Imports {
  now: readonly string[];
  onDemand: readonly string[];
  /** It writes something down about objects, or has errors of its own, which programs tell apart by their classes. */
  hasRegister: boolean;
}
type Graph = ReadonlyMap<string, Imports>;

const isSource = (id: string): boolean => id.startsWith(fromRoot("src"));

/** Writes down what modules import. */
export function graphReader(): { graph: Graph; plugin: Plugin } {
  const graph = new Map<string, Imports>();
  const moduleParsed: Plugin["moduleParsed"] = ({ id, code, importedIds, dynamicallyImportedIds }) => {
    const hasRegister = /\bnew (WeakMap|FinalizationRegistry)\b|\bclass \w+ extends \w+Error\b/.test(code ?? "");
    graph.set(id, { now: [...importedIds], onDemand: dynamicallyImportedIds.filter(isSource), hasRegister });
  };
  return { graph, plugin: { name: "graph-reader", moduleParsed } };
}

const onDemandCalls = (code: string) => code.matchAll(/(?<!typeof )\bimport\("(\.{1,2}\/[^"]+)"\)/g);

/** Imports at once what a source imports on demand: a program of one file has all of it, and would wrap each module. */
export const atOnce: Plugin = {
  name: "at-once",
  transform(code) {
    const text = new MagicString(code);
    for (const { 0: call, 1: source, index } of onDemandCalls(code)) {
      text.prepend(`import * as part_${index} from ${JSON.stringify(source)};`);
      text.overwrite(index, index + call.length, `Promise.resolve(part_${index})`);
    }
    return text.hasChanged() ? { code: text.toString(), map: text.generateMap({ hires: "boundary" }) } : null;
  },
};

const LATER = "later:";

/** Leaves what is imported on demand out of a bundle, and finds what is still asked for in its text. */
export const notNow: Plugin = {
  name: "not-now",
  async resolveDynamicImport(source, importer) {
    if (typeof source !== "string") return null;
    const resolved = await this.resolve(source, importer);
    return resolved && isSource(resolved.id) ? { id: LATER + resolved.id, external: true } : false;
  },
};

export const askedIn = (code: string): string[] =>
  Array.from(code.matchAll(/import\("later:([^"]+)"\)/g), ([, id]) => id);

/** A module with all that it imports at once, however far. */
function closure(graph: Graph, from: string): Set<string> {
  const reached = new Set([from]);
  for (const id of reached) for (const next of graph.get(id)?.now ?? []) reached.add(next);
  return reached;
}

const intersection = (sets: readonly ReadonlySet<string>[]): Set<string> =>
  new Set([...(sets[0] ?? [])].filter((id) => sets.every((set) => set.has(id))));

/**
 * Modules whose objects are told apart by identity: layers by their classes, ops by themselves, whatever something is written
 * down of. A copy would be another.
 */
const hasIdentity = (graph: Graph, id: string): boolean =>
  /\/src\/(nn|ops|graph)\//.test(id) || graph.get(id)?.hasRegister === true;

/** Modules that every app has, nearly whole. */
const isEverywhere = (id: string): boolean =>
  /\/src\/core\/(tensor|errors|check|shape|options|tag|keys|look-up)\.ts$/.test(id);

/** The modules of an entry, and those that it asks for on demand. */
export interface EntryModules {
  kept: ReadonlySet<string>;
  asked: ReadonlySet<string>;
}

/**
 * Each module that is imported on demand, with those that it shares: of what everyone has who asks for it, an entry or another
 * file on demand, what comes with whoever asks, and what has identity. All else it brings along, even where some entry has
 * it: an app may not. Records of kernels are constants: those that it calls it brings.
 */
export function modulesOnDemand(graph: Graph, entries: readonly EntryModules[]): Map<string, Set<string>> {
  const askedBy = (ids: Iterable<string>) => new Set([...ids].flatMap((id) => graph.get(id)?.onDemand ?? []));
  const targets = [...askedBy(graph.keys())];
  const known = new Map<string, Set<string>>();
  const ownOf = (target: string) => [...closure(graph, target)].filter((id) => !sharedOf(target).has(id));
  const sharedOf = (target: string): Set<string> => {
    const before = known.get(target);
    if (before) return before;
    known.set(target, new Set()); // one that asks for itself, however far
    const asking = [...graph].filter(([, { onDemand }]) => onDemand.includes(target)).map(([id]) => id);
    const inEntries = entries.filter(({ asked }) => asked.has(target)).map(({ kept }) => kept);
    const inFiles = targets
      .filter((file) => file !== target && asking.some((id) => closure(graph, file).has(id)))
      .map((file) => ({ own: ownOf(file), file }))
      .filter(({ own }) => asking.some((id) => own.includes(id)))
      .map(({ own, file }) => new Set([...own, ...sharedOf(file)]));
    const there = intersection([...inEntries, ...inFiles]);
    const along = intersection(asking.map((id) => closure(graph, id)));
    const shared = new Set([...along].filter((id) => id !== RECORDS && there.has(id)));
    for (const id of there) if (hasIdentity(graph, id) || isEverywhere(id)) shared.add(id);
    known.set(target, shared);
    return shared;
  };
  const found = new Map<string, Set<string>>();
  const visit = (target: string): void => {
    if (found.has(target)) return;
    askedBy(ownOf(target)).forEach(visit); // those that it asks for come first
    found.set(target, sharedOf(target));
  };
  targets.forEach(visit);
  return found;
}

/** An export of a module that a file on demand is given. */
interface Shared {
  module: string;
  name: string;
}

export interface FileOnDemand {
  /** Path from dist/. */
  name: string;
  shared: Shared[];
}

const SHARED = "shared:";

/** Makes a module a function of what it imports of `there`, which `shared` then lists. */
export function makeFunction(there: ReadonlySet<string>, shared: Shared[]): Plugin {
  return {
    name: "on-demand-function",
    resolveId: {
      order: "pre",
      async handler(source, importer, options) {
        if (!importer) return null;
        const resolved = await this.resolve(source, importer, { ...options, skipSelf: true });
        return resolved && there.has(resolved.id) ? { id: SHARED + resolved.id, external: true } : resolved;
      },
    },
    renderChunk(code) {
      const text = new MagicString(code);
      const given: string[] = [];
      const made: string[] = [];
      for (const statement of parseAst(code).body) {
        if (statement.type === "ImportDeclaration" && statement.source.value.startsWith(SHARED)) {
          for (const specifier of statement.specifiers) {
            if (specifier.type !== "ImportSpecifier" || specifier.imported.type !== "Identifier")
              throw new Error(`a module on demand imports ${statement.source.value} whole: expected names`);
            given.push(specifier.local.name);
            shared.push({ module: statement.source.value.slice(SHARED.length), name: specifier.imported.name });
          }
          text.remove(statement.start, statement.end);
        } else if (statement.type === "ExportNamedDeclaration") {
          for (const { local, exported } of statement.specifiers)
            if (local.type === "Identifier" && exported.type === "Identifier")
              made.push(`${exported.name}: ${local.name}`);
          text.remove(statement.start, statement.end);
        }
      }
      text.prepend(`let made;\nexport default (${given.join(", ")}) => made ??= (() => {\n`);
      text.append(`\nreturn { ${made.join(", ")} };\n})();\n`);
      return { code: text.toString(), map: text.generateMap({ hires: "boundary" }) };
    },
  };
}

const ASKED = "on-demand:";

/** Asks for the files in place of the modules, and gives them what they share. */
export function askForFiles(graph: Graph, files: ReadonlyMap<string, FileOnDemand>): Plugin {
  return {
    name: "on-demand",
    resolveId: (id) => (id.startsWith(ASKED) ? { id, external: true } : null),
    async transform(code, importer) {
      if (!graph.get(importer)?.onDemand.length) return null;
      const text = new MagicString(code);
      const imports: string[] = [];
      for (const { 0: call, 1: source, index } of onDemandCalls(code)) {
        const resolved = await this.resolve(source, importer);
        const file = resolved && files.get(resolved.id);
        if (!file) continue;
        const given = file.shared.map(({ module, name }, i) => {
          const local = `${name}_${imports.length + i}`;
          return { local, text: `import { ${name} as ${local} } from ${JSON.stringify(module)};` };
        });
        imports.push(...given.map((each) => each.text));
        const asked = `import(${JSON.stringify(ASKED + file.name)})`;
        const made = `.then(({ default: make }) => make(${given.map(({ local }) => local).join(", ")}))`;
        text.overwrite(index, index + call.length, asked + made);
      }
      text.prepend(imports.join(""));
      return text.hasChanged() ? { code: text.toString(), map: text.generateMap({ hires: "boundary" }) } : null;
    },
    renderChunk(code, { fileName }) {
      const text = new MagicString(code);
      for (const { 0: whole, 1: path, index } of code.matchAll(/"on-demand:([^"]+)"/g)) {
        const from = relative(dirname(fileName), path);
        text.overwrite(index, index + whole.length, JSON.stringify(from.startsWith(".") ? from : `./${from}`));
      }
      return text.hasChanged() ? { code: text.toString(), map: text.generateMap({ hires: "boundary" }) } : null;
    },
  };
}

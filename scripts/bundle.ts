/** Bundles sources for dist/, minified, with source maps. */
import { basename, dirname, join, relative, sep } from "node:path";
import MagicString from "magic-string";
import { type InputOptions, type OutputChunk, type OutputOptions, type Plugin, rolldown } from "rolldown";
import { parseAst } from "rolldown/parseAst";
import { minify } from "terser";
import { bothVariants } from "./both-variants.js";
import { kernelNames } from "./kernel-names.js";
import {
  askedIn,
  askForFiles,
  atOnce,
  type EntryModules,
  type FileOnDemand,
  graphReader,
  makeFunction,
  modulesOnDemand,
  notNow,
} from "./on-demand.js";
import { fromRoot } from "./root.js";

export interface BundledFile {
  /** Path from dist/. */
  name: string;
  code: string;
  /** Null for kernels and programs as text, which are one string. */
  map: string | null;
  /** Paths of the modules in it. */
  modules: string[];
}

/** Leaves `import simd from "….wasm"` to the bundlers and runtimes that know it, with its path inside the package. */
const staticKernels: Plugin = {
  name: "static-kernels",
  resolveId: (id) =>
    /\.wasm(\?module)?$/.test(id) ? { id: fromRoot("dist/kernels", basename(id)), external: "relative" } : null,
};

/** Leaves the package's entries to the runtime, by their own names, so that each gives its own. */
const ownPackage: Plugin = {
  name: "own-package",
  resolveId(id) {
    const [, entry] =
      /\/(?:hosts\/default|hosts\/node|faces)\/(index|onnx|data|pytorch|recipes|standalone|imagenet|quantize|cluster)\.js$/.exec(
        id,
      ) ?? [];
    return entry ? { id: entry === "index" ? "resnet-wasm" : `resnet-wasm/${entry}`, external: true } : null;
  },
};

/** A page hands its worker bytes: what reads and writes stores and addresses is left out of the worker's program. */
const bytesAlone: Plugin = {
  name: "bytes-alone",
  resolveId: (id) => (/\/(saved|kept|resumed)\.js$/.test(id) ? "\0none" : null),
  load: (id) => (id === "\0none" ? "export {};" : null),
};

/** A program alone has no package beside it; the one that reads files starts no further one. */
const filesAlong: Plugin = {
  name: "files-along",
  resolveId(id) {
    if (id === "resnet-wasm/file-system") return fromRoot("src/hosts/node/file-system.ts");
    return /\/start-data-worker\.js$/.test(id) ? "\0no-worker" : null;
  },
  load: (id) => (id === "\0no-worker" ? "export const startDataWorker = undefined;" : null),
};

/** The loader fills in `Object.hasOwn`, which every runtime with SIMD has; the package leaves globals alone. */
const noPolyfill: Plugin = {
  name: "no-polyfill",
  transform: {
    filter: { id: /@assemblyscript\/loader/ },
    handler(code) {
      const polyfill = /^Object\.hasOwn = Object\.hasOwn \|\| function[\s\S]*?^};$/m;
      if (!polyfill.test(code)) throw new Error("@assemblyscript/loader: expected a polyfill of Object.hasOwn");
      return { code: code.replace(polyfill, (text) => text.replace(/[^\n]/g, "")), map: null };
    },
  },
};

/** rolldown writes `class Model {}` as `var Model = class {}`, and the next to shorten the variable takes the name. */
const classNames: Plugin = {
  name: "class-names",
  renderChunk(code) {
    const text = new MagicString(code);
    for (const statement of parseAst(code).body) {
      if (statement.type !== "VariableDeclaration") continue;
      for (const { id, init } of statement.declarations)
        if (id.type === "Identifier" && init?.type === "ClassExpression" && !init.id)
          text.appendLeft(init.start + "class".length, ` ${id.name.replace(/\$\d+$/, "")}`);
    }
    return text.hasChanged() ? { code: text.toString(), map: text.generateMap({ hires: "boundary" }) } : null;
  },
};

const input = (define: Record<string, string> = {}, plugins: Plugin[] = []): InputOptions => ({
  checks: { pluginTimings: false },
  // What package.json gives each runtime of its own, and what a cluster's programs install beside the package.
  external: [/^node:/, "resnet-wasm/file-system", "bullmq", "ioredis"],
  // fflate's file for Node imports node:module, which pages and workers do not have; papaparse's streams are not used.
  resolve: { alias: { fflate: "fflate/browser", stream: false }, mainFields: ["module", "main"] },
  platform: "neutral",
  tsconfig: false,
  transform: { target: "es2022", define },
  // No module does anything when it is loaded, so none is imported for its effects.
  treeshake: { moduleSideEffects: false, manualPureFunctions: ["TextDecoder"] },
  plugins: [kernelNames, staticKernels, noPolyfill, ...plugins, classNames],
});

/** Entry points by the names of their files, with what they share in files of its own. */
export async function bundleEntries(
  entries: Record<string, string>,
  define?: Record<string, string>,
): Promise<BundledFile[]> {
  // Few files: each costs a cold start in Node a millisecond. What predictions need is one, what else the main entry needs
  // the second; of the rest, what the same entries share. What belongs to one runtime stays by itself.
  const modules = await Promise.all(Object.values(entries).map(modulesOf));
  const keptBy = (name: string) => modules[Object.keys(entries).indexOf(name)]?.kept ?? new Set<string>();
  const [inference, main, node] = [keptBy("inference"), keptBy("index"), keptBy("inference.node")];
  const rooms: [string, (id: string) => boolean][] = [
    ["predict", (id) => !isHost(id) && (inference.has(id) || id.includes("/src/core/"))],
    ["train", (id) => !isHost(id) && main.has(id)],
    ["node", (id) => isHost(id) && node.has(id)],
    ["host", isHost],
    ["shared", () => true],
  ];
  const groups = rooms.map(([name, test]) => ({
    name,
    test,
    tags: ["$initial" as const],
    minShareCount: 2,
    entriesAware: name === "host" || name === "shared",
  }));
  const { onDemand, plugin } = await bundleOnDemand(entries, modules);
  const bundled = generate(
    { ...input(define, [plugin]), input: entries },
    { format: "esm", codeSplitting: { groups } },
  );
  return [...onDemand, ...(await bundled)];
}

/** Programs that use the package as its users do: they import it by its name, and their parts on demand as files. */
export const bundleTools = (entries: Record<string, string>, define: Record<string, string>): Promise<BundledFile[]> =>
  generate(
    { ...input(define, [ownPackage]), input: entries },
    { format: "esm", chunkFileNames: "tools/[name]-[hash].js" },
  );

/** The files of modules that are imported on demand, and the plugin that asks for them. */
async function bundleOnDemand(
  entries: Record<string, string>,
  modules: readonly EntryModules[],
): Promise<{ onDemand: BundledFile[]; plugin: Plugin }> {
  const reader = graphReader();
  const checks = { ineffectiveDynamicImport: false }; // here, where modules are still modules
  const all = await rolldown({ ...input({}, [reader.plugin]), input: entries, checks });
  await all.generate();
  await all.close();
  const files = new Map<string, FileOnDemand>();
  const plugin = askForFiles(reader.graph, files);
  const onDemand: BundledFile[] = [];
  for (const [module, there] of modulesOnDemand(reader.graph, modules)) {
    const shared: FileOnDemand["shared"] = [];
    const [file] = await generate(
      { ...input({}, [plugin, makeFunction(there, shared)]), input: module },
      { format: "esm", entryFileNames: "chunks/[name]-[hash].js" },
    );
    onDemand.push(file);
    files.set(module, { name: file.name, shared });
  }
  return { onDemand, plugin };
}

/**
 * What a face gives at once that another function of it fetches where a file asks for it: who imports that alone should not have
 * it in parts.
 */
const fetchedElsewhere: Plugin = {
  name: "fetched-elsewhere",
  resolveId: (id, importer) =>
    /\/onnx\/import\.js$/.test(id) && importer?.includes("/src/faces/") ? { id, external: true } : null,
};

/** What an entry point imports at once, however far, and keeps; and what it may ask for later. */
async function modulesOf(entry: string): Promise<EntryModules> {
  const bundle = await rolldown({ ...input({}, [notNow, fetchedElsewhere]), input: entry });
  const { output } = await bundle.generate();
  await bundle.close();
  const chunks = output.filter((file) => file.type === "chunk");
  return {
    kept: new Set(chunks.flatMap(({ moduleIds }) => moduleIds)),
    asked: new Set(chunks.flatMap(({ code }) => askedIn(code))),
  };
}

/** One file without imports, to be hosted anywhere: what a worker runs. */
export async function bundleProgram(name: string, entry: string, format: "esm" | "iife"): Promise<BundledFile> {
  const { plugins, ...options } = input();
  const [file] = await generate(
    {
      ...options,
      external: /^node:/,
      plugins: [plugins, filesAlong, bytesAlone, bothVariants, atOnce],
      input: { [name]: entry },
    },
    { format, codeSplitting: false },
  );
  return file;
}

const isHost = (id: string): boolean => /\/src\/hosts\/|\/build\/thread\./.test(id);

/** Where a file's map is: a text has none. */
export const MAPPED = /\/\/# sourceMappingURL=.*/;

/**
 * Programs of several runtimes as text in parts: what is a runtime's own, and `core`, once for all. `core` and one of the others,
 * joined, are a script; a runtime's own part names the built-in modules that it imports.
 */
export async function bundleParts(entries: Record<string, string>): Promise<Record<string, string>> {
  const shared = new Map<string, Set<string>>();
  const { plugins, ...options } = input();
  const apart: Plugin = {
    name: "core-apart",
    resolveId: {
      order: "pre",
      async handler(source, importer, asked) {
        if (!importer || /^node:/.test(source)) return null;
        const resolved = await this.resolve(source, importer, { ...asked, skipSelf: true });
        if (!resolved || isHost(resolved.id)) return resolved;
        if (!shared.has(resolved.id)) shared.set(resolved.id, new Set());
        return { id: resolved.id, external: true };
      },
    },
    /** Of the core, what the runtimes call. */
    moduleParsed({ id, code }) {
      for (const statement of parseAst(code ?? "", { lang: "ts" }).body) {
        if (statement.type !== "ImportDeclaration" || statement.importKind === "type") continue;
        const names = shared.get(join(dirname(id), statement.source.value).replace(/\.js$/, ".ts"));
        for (const specifier of statement.specifiers)
          if (
            specifier.type === "ImportSpecifier" &&
            specifier.importKind !== "type" &&
            specifier.imported.type === "Identifier"
          )
            names?.add(specifier.imported.name);
      }
    },
  };
  const parts: Record<string, string> = {};
  const script = { format: "iife", codeSplitting: false } as const;
  for (const [name, entry] of Object.entries(entries)) {
    const builtIns = new Set<string>();
    const globals = (id: string): string => {
      if (shared.has(id)) return "core";
      builtIns.add(id);
      return id.replace(/\W/g, "_");
    };
    const [file] = await generate(
      { ...options, plugins: [plugins, atOnce, apart], input: { [name]: entry } },
      { ...script, globals },
    );
    const imports = [...builtIns].map((id) => `import * as ${globals(id)} from "${id}";\n`);
    parts[name] = [...imports, file.code.replace(MAPPED, "")].join("");
  }
  const lines = [...shared].map(([id, names]) => `export { ${[...names].join(", ")} } from ${JSON.stringify(id)};\n`);
  const all: Plugin = {
    name: "core",
    resolveId: (id) => (id === "core" ? id : null),
    load: (id) => (id === "core" ? lines.join("") : null),
  };
  const [core] = await generate(
    { ...options, plugins: [all, plugins, bytesAlone, bothVariants, atOnce], input: { core: "core" } },
    { ...script, name: "core" },
  );
  return { ...parts, core: core.code.replace(MAPPED, "") };
}

async function generate(options: InputOptions, output: OutputOptions): Promise<BundledFile[]> {
  const bundle = await rolldown(options);
  const made = await bundle.generate({
    entryFileNames: "[name].js",
    // The name of a file that entries share lists them.
    chunkFileNames: ({ name }) => `chunks/${name.split("~")[0]}-[hash].js`,
    ...output,
    dir: fromRoot("dist"),
    sourcemap: true,
    hashCharacters: "base36",
  });
  await bundle.close();
  const isScript = output.format === "iife";
  return Promise.all(made.output.flatMap((file) => (file.type === "chunk" ? [minifyChunk(file, isScript)] : [])));
}

/** Modules that are one string. */
const TEXTS = ["build/kernels", "build/worker"].map((folder) => fromRoot(folder));

/**
 * terser leaves 3 % less than what other minifiers do. Classes keep their names, for those who print a model or an error.
 * Statements end lines, and long lines break: Node prints the line in front of an uncaught error.
 */
async function minifyChunk(chunk: OutputChunk, isScript: boolean): Promise<BundledFile> {
  const { fileName, code, map, moduleIds } = chunk;
  const modules = moduleIds.filter((id) => !id.startsWith("\0"));
  const file = { name: fileName, modules };
  const isText = modules.length > 0 && modules.every((path) => TEXTS.some((folder) => path.startsWith(folder)));
  if (isText) return { ...file, code: code.replace(/\n\/\/# sourceMappingURL=.*/, ""), map: null };
  const minified = await minify(code, {
    module: !isScript, // of a script, names at the top are for others
    ecma: 2022,
    keep_classnames: true,
    compress: { passes: 3 },
    format: { ascii_only: true, semicolons: false, max_line_len: 200, preserve_annotations: true },
    sourceMap: map !== null && { content: JSON.stringify(map), url: `${basename(fileName)}.map` },
  });
  return { ...file, code: minified.code as string, map: map && relocate(minified.map as string, fileName) };
}

/** Sources of this package are named, as it ships them; the text of others' stays in the map. */
function relocate(text: string, fileName: string): string {
  const map = JSON.parse(text);
  const from = dirname(fromRoot("dist", fileName));
  const paths: string[] = map.sources.map((source: string) => join(from, source));
  const isOwn = (path: string) => path.startsWith(fromRoot("src") + sep);
  const isBuilt = (path: string) => path.startsWith(fromRoot("build") + sep);
  map.sourcesContent = map.sourcesContent.map((content: string, i: number) => {
    if (isOwn(paths[i])) return null;
    return isBuilt(paths[i]) ? "// written by the build, as text" : content;
  });
  map.sources = paths.map((path) => relative(from, path).split(sep).join("/"));
  return JSON.stringify(map);
}

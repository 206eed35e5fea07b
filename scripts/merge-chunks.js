// esbuild cuts shared code into many files: dynamic imports count as entry points, and each set of entry points has a
// chunk of its own, of 200 bytes if need be. Each file costs a cold start in Node half a millisecond. Here chunks that
// are always loaded together become one, and tiny ones join a chunk that is loaded wherever they are.
import { basename, dirname } from "node:path";
import { build } from "esbuild";

const TINY = 1000;
const SPECIFIERS = /\b(import|export)\s*\{([^}]*)\}\s*from\s*"([^"]+)"/g;

/** The outputs of a build (with `metafile`), their chunks merged. `entries` are the names of the entry points. */
export async function mergeChunks({ outputFiles, metafile }, entries) {
  const outputs = new Map(Object.entries(metafile.outputs).map(([path, output]) => [basename(path), output]));
  const files = new Map(outputFiles.map((file) => [basename(file.path), file]));
  const groups = groupChunks(outputs, entries);

  const renamed = new Map(); // of each merged chunk, its group's file and the new names of its exports
  for (const names of groups) {
    const [home] = names; // the largest gives its name
    names.forEach((name, i) => {
      const exports = outputs.get(name).exports.map((from) => [from, `${from}${i || ""}`]);
      renamed.set(name, { home, exports: new Map(exports) });
    });
  }
  const redirect = (text) =>
    text.replace(SPECIFIERS, (statement, keyword, list, path) => {
      const target = renamed.get(basename(path));
      if (!target) return statement;
      const specifiers = list.split(",").map((specifier) => {
        const [from, to = from] = specifier.trim().split(/\s+as\s+/);
        return `${target.exports.get(from)} as ${to}`;
      });
      return `${keyword}{${specifiers.join()}}from"${dirname(path)}/${target.home}"`;
    });

  const merged = new Map(
    await Promise.all(groups.map(async (names) => [names[0], await merge(names, files, renamed)])),
  );
  return outputFiles
    .filter(({ path }) => (renamed.get(basename(path))?.home ?? basename(path)) === basename(path))
    .map(({ path, text }) => ({ path, text: redirect(merged.get(basename(path)) ?? text) }));
}

/** Chunks to merge, the largest of each group first. */
function groupChunks(outputs, entries) {
  const imports = (name, kind) =>
    outputs.get(name).imports.flatMap((used) => (used.kind === kind && !used.external ? [basename(used.path)] : []));
  const users = new Map(); // of each file, the entry points that load it
  const visit = (name, entry) => {
    if (users.get(name)?.has(entry)) return;
    users.set(name, (users.get(name) ?? new Set()).add(entry));
    for (const used of imports(name, "import-statement")) visit(used, entry);
  };
  for (const entry of entries) visit(`${basename(entry)}.js`, entry);

  const onDemand = new Set([...outputs.keys()].flatMap((name) => imports(name, "dynamic-import")));
  const bySet = new Map();
  for (const name of users.keys()) {
    if (outputs.get(name).entryPoint || onDemand.has(name)) continue;
    const key = [...users.get(name)].sort().join();
    bySet.set(key, [...(bySet.get(key) ?? []), name]);
  }
  const groups = [...bySet.values()];
  const size = (names) => names.reduce((sum, name) => sum + outputs.get(name).bytes, 0);
  const isLeaf = (names) => names.every((name) => outputs.get(name).imports.length === 0);
  for (const names of groups.filter((names) => size(names) < TINY && isLeaf(names))) {
    const wider = (others) =>
      others !== names &&
      others.length > 0 &&
      [...users.get(names[0])].every((entry) => users.get(others[0]).has(entry));
    groups.find(wider)?.push(...names.splice(0));
  }
  return groups
    .filter((names) => names.length > 1)
    .map((names) => names.sort((a, b) => outputs.get(b).bytes - outputs.get(a).bytes));
}

/** One module with what is in all of these; what they import from others stays. */
async function merge(names, files, renamed) {
  const all = names.map((name) => {
    const specifiers = [...renamed.get(name).exports].map(([from, to]) => `${from} as ${to}`);
    return `export {${specifiers}} from "./${name}";`;
  });
  const together = {
    name: "together",
    setup(build) {
      build.onResolve({ filter: /./ }, ({ path }) =>
        names.includes(basename(path)) ? { path: basename(path), namespace: "chunk" } : { path, external: true },
      );
      build.onLoad({ filter: /./, namespace: "chunk" }, ({ path }) => ({ contents: files.get(path).text }));
    },
  };
  const { outputFiles } = await build({
    stdin: { contents: all.join("\n") },
    bundle: true,
    minifyIdentifiers: true,
    minifySyntax: true,
    format: "esm",
    target: "es2022",
    write: false,
    plugins: [together],
  });
  return outputFiles[0].text;
}

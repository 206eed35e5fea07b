/**
 * Kernels of both variants for a program of one file: relaxed SIMD's as changes of the others, which take 1.5 KB gzipped in place of
 * 24, because both are packed with one dictionary.
 */
import { readFileSync } from "node:fs";
import type { Plugin } from "rolldown";
import { changed } from "../src/runtime/changed.js";
import { unpack } from "../src/runtime/unpack.js";
import { changes } from "./kernel-text/changes.js";
import { packTogether } from "./kernel-text/pack.js";
import { fromRoot } from "./root.js";

const modules = ["simd", "relaxed"].map((name) => fromRoot(`build/kernels/${name}.js`));

function sources(): string[] {
  const binaries = ["simd", "relaxed"].map((name) => readFileSync(fromRoot(`build/kernels/shipped/${name}.wasm`)));
  const [simd, relaxed] = packTogether(binaries);
  const all = simd.map((text, i) => changes(text, relaxed[i]));
  for (const [i, texts] of [simd, changed(simd, all)].entries())
    if (!binaries[i].equals(unpack(texts))) throw new Error(`${modules[i]}: expected the same bytes when unpacked`);
  const imports = `import simd from ${JSON.stringify(modules[0])};
import { changed } from ${JSON.stringify(fromRoot("src/runtime/changed.ts"))};`;
  return [
    `export default ${JSON.stringify(simd)};`,
    `${imports}\nexport default /* @__PURE__ */ changed(simd, ${JSON.stringify(all)});`,
  ];
}

let made: string[] | undefined;

export const bothVariants: Plugin = {
  name: "both-variants",
  load(id) {
    const i = modules.indexOf(id);
    if (i < 0) return null;
    made ??= sources();
    return made[i];
  },
};

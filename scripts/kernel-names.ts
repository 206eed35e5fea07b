/**
 * Kernels by what their names stand for. Sources call kernels by name, and `src/abi/records.ts` tells of all; a bundle has for
 * each name that it calls the kernel's number and fields, and nothing of the others.
 */
import MagicString from "magic-string";
import type { Plugin } from "rolldown";
import { describeKernel, type KernelName, SIGNATURES } from "../src/abi/records.js";
import { fromRoot } from "./root.js";

/** The name of the module of all kernels. */
export const RECORDS = "\0kernel-records";
const isName = (text: string): text is KernelName => Object.hasOwn(SIGNATURES, text);

/** Its text, of which a bundle keeps what it imports. */
const records = (): string =>
  Object.keys(SIGNATURES)
    .filter(isName)
    .map((name) => `export const ${name} = ${JSON.stringify(describeKernel(name))};\n`)
    .join("");

export const kernelNames: Plugin = {
  name: "kernel-names",
  resolveId: (id) => (id === RECORDS ? RECORDS : null),
  load: (id) =>
    id === RECORDS
      ? records()
      : id === fromRoot("src/abi/kernel.ts")
        ? { code: "export const kernelOf = (kernel) => kernel;", moduleType: "js" }
        : null,
  transform: {
    filter: { id: { include: fromRoot("src/**"), exclude: fromRoot("src/abi/**") } },
    handler(code) {
      const text = new MagicString(code);
      const named = new Set<string>();
      for (const { 0: literal, 1: name, index } of code.matchAll(/"(\w+)"/g)) {
        if (!isName(name)) continue;
        named.add(name);
        text.overwrite(index, index + literal.length, `${name}_kernel`);
      }
      if (named.size === 0) return null;
      const imports = [...named].map((name) => `${name} as ${name}_kernel`);
      text.prepend(`import { ${imports.join(", ")} } from ${JSON.stringify(RECORDS)};`);
      return { code: text.toString(), map: text.generateMap({ hires: "boundary" }) };
    },
  },
};

/** The threads' programs, as text: a thread started from a bundle has no file of its own. */
import { writeFileSync } from "node:fs";
import { bundleProgram } from "./bundle.js";
import { fromRoot } from "./root.js";

/** Browsers get a classic script, which may also be served as a file. */
const FORMATS = { node: "esm", browser: "iife" } as const;

for (const [runtime, format] of Object.entries(FORMATS)) {
  const { code } = await bundleProgram("thread", fromRoot(`src/hosts/${runtime}/thread.ts`), format);
  const text = code.replace(/\/\/# sourceMappingURL=.*/, "").trim();
  writeFileSync(fromRoot(`build/thread.${runtime}.js`), `export default ${JSON.stringify(text)};\n`);
  writeFileSync(fromRoot(`build/thread.${runtime}.d.ts`), "declare const source: string;\nexport default source;\n");
}

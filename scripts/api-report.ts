// docs/api-report/: names and signatures of everything that each entry point exports, so that a commit shows how it changes
// them. `npm run api-report` writes it from dist/types; with --check, differences end the process with code 1.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Extractor, ExtractorConfig, ExtractorLogLevel, type IConfigFile } from "@microsoft/api-extractor";
import { fromRoot } from "./root.js";

const root = fromRoot();
const folder = join(root, "docs/api-report");
const tsconfig = JSON.parse(readFileSync(join(root, "tsconfig.json"), "utf8"));
const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** Entry points by the names of their reports; what has no declarations, or exports nothing, has none. */
const entries = Object.entries<{ types?: string }>(exports)
  .flatMap(([path, { types }]) => (types ? [{ path, types }] : []))
  .filter(({ types }) => /^export (?!\{\})/m.test(readFileSync(join(root, types), "utf8")))
  .map(({ path, types }): [string, string] => [
    path === "." ? "main" : path.slice(2).replaceAll("/", "-"),
    join(root, types),
  ]);

function report(name: string, entry: string): string {
  const temporary = mkdtempSync(join(root, "build/api-"));
  try {
    const none = { default: { logLevel: ExtractorLogLevel.None } };
    const configObject: IConfigFile = {
      projectFolder: root,
      mainEntryPointFilePath: entry,
      newlineKind: "lf",
      apiReport: {
        enabled: true,
        reportFileName: `${name}.api.md`,
        reportFolder: temporary,
        reportTempFolder: join(temporary, "new"),
      },
      compiler: { overrideTsconfig: { compilerOptions: tsconfig.compilerOptions, files: [entry] } },
      messages: {
        extractorMessageReporting: none,
        tsdocMessageReporting: none,
      },
    };
    const [configObjectFullPath, packageJsonFullPath] = ["api-extractor.json", "package.json"].map((file) =>
      join(root, file),
    );
    const { errorCount } = Extractor.invoke(
      ExtractorConfig.prepare({ configObject, configObjectFullPath, packageJsonFullPath }),
      {
        localBuild: true,
        messageCallback: (message) => {
          message.handled = message.category === "console";
        },
      },
    );
    if (errorCount > 0) throw new Error(`${entry}: ${errorCount} errors`);
    const text = readFileSync(join(temporary, `${name}.api.md`), "utf8");
    return text
      .replace(/^## .*$/m, `# Exports of ${name}`)
      .replace(/^ *\/\/ \((undocumented|No @package.*)\)\n+/gm, "")
      .replaceAll(" (undocumented)", "");
  } finally {
    rmSync(temporary, { recursive: true });
  }
}

const made = Object.fromEntries(entries.map(([name, entry]) => [`${name}.api.md`, report(name, entry)]));
mkdirSync(folder, { recursive: true });
const committed = Object.fromEntries(
  readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), "utf8")]),
);
const differ = [...new Set([...Object.keys(made), ...Object.keys(committed)])].filter(
  (file) => made[file] !== committed[file],
);
if (!process.argv.includes("--check")) {
  for (const file of differ) {
    if (file in made) writeFileSync(join(folder, file), made[file]);
    else rmSync(join(folder, file));
  }
  console.log(`docs/api-report: ${Object.keys(made).length} entries, ${differ.length} changed`);
} else if (differ.length > 0) {
  console.error(`docs/api-report is not what src/ exports: run npm run api-report. Different: ${differ.join(", ")}`);
  process.exitCode = 1;
} else console.log(`docs/api-report: ${Object.keys(made).length} entries, as committed`);

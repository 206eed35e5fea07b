// What each entry point exports, as api-extractor reads it from dist/types: a report of names and signatures, and a model of
// both with their comments.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { Extractor, ExtractorConfig, ExtractorLogLevel, type IConfigFile } from "@microsoft/api-extractor";
import { ApiModel, type ApiPackage } from "@microsoft/api-extractor-model";
import { forReaders } from "./declarations.js";
import { fromRoot } from "./root.js";

export interface EntryPoint {
  /** What the package is imported by: `resnet-wasm/data`. */
  module: string;
  /** `main`, `data`. */
  name: string;
  /** Its declarations, an absolute path. */
  types: string;
}

export interface Extracted {
  report: string;
  model: ApiPackage;
}

const root = fromRoot();

/** Entry points of package.json; what has no declarations, or exports nothing, is none. */
export function entryPoints(): EntryPoint[] {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return Object.entries<{ types?: string }>(exports)
    .flatMap(([path, { types }]) => (types ? [{ path, types: join(root, types) }] : []))
    .filter(({ types }) => /^export (?!\{\})/m.test(readFileSync(types, "utf8")))
    .map(({ path, types }) => ({
      module: join("resnet-wasm", path),
      name: path === "." ? "main" : path.slice(2).replaceAll("/", "-"),
      types,
    }));
}

let readable: string | undefined;

/** The declarations with types as people read them. */
function readableTypes(): string {
  if (readable) return readable;
  const folder = join(root, "build/api-types");
  rmSync(folder, { recursive: true, force: true });
  for (const path of readdirSync(join(root, "dist/types"), { recursive: true, encoding: "utf8" })) {
    if (!path.endsWith(".d.ts")) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), forReaders(readFileSync(join(root, "dist/types", path), "utf8")));
  }
  readable = folder;
  return folder;
}

export function extract({ name, types: published }: EntryPoint): Extracted {
  const types = join(readableTypes(), relative(join(root, "dist/types"), published));
  const tsconfig = JSON.parse(readFileSync(join(root, "tsconfig.json"), "utf8"));
  const temporary = mkdtempSync(join(root, "build/api-"));
  try {
    const none = { default: { logLevel: ExtractorLogLevel.None } };
    const configObject: IConfigFile = {
      projectFolder: root,
      mainEntryPointFilePath: types,
      newlineKind: "lf",
      apiReport: {
        enabled: true,
        reportFileName: `${name}.api.md`,
        reportFolder: temporary,
        reportTempFolder: join(temporary, "new"),
      },
      docModel: { enabled: true, apiJsonFilePath: join(temporary, "api.json"), projectFolderUrl: "." },
      compiler: { overrideTsconfig: { compilerOptions: tsconfig.compilerOptions, files: [types] } },
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
    if (errorCount > 0) throw new Error(`${types}: ${errorCount} errors`);
    return {
      report: readFileSync(join(temporary, `${name}.api.md`), "utf8"),
      model: new ApiModel().loadPackage(join(temporary, "api.json")),
    };
  } finally {
    rmSync(temporary, { recursive: true });
  }
}

// What each entry point exports, as api-extractor reads it from dist/types: a report of names and signatures, and a model of
// both with their comments.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Extractor, ExtractorConfig, ExtractorLogLevel, type IConfigFile } from "@microsoft/api-extractor";
import { ApiModel, type ApiPackage } from "@microsoft/api-extractor-model";
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

export function extract({ name, types }: EntryPoint): Extracted {
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

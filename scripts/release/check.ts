/** What checkers of packages have to say of this one, for the tests and for releases. */
import { execFileSync } from "node:child_process";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { fromRoot } from "../root.js";

/** publint's messages on an unpacked package, strictly. */
export async function publintMessages(folder: string): Promise<string[]> {
  const { messages, pkg } = await publint({ pkgDir: folder, strict: true });
  // The field `browser` is for those who read no exports, which have the condition as well.
  const others = messages.filter(({ code }) => code !== "USE_EXPORTS_BROWSER");
  return others.map((message) => formatMessage(message, pkg, { color: false }) ?? message.code);
}

/**
 * attw's words on the declarations of a tarball, by all ways of resolving, node10 too. CommonJS has ES modules by require(); the file
 * system is the package's own business. Throws where there is a problem.
 */
export function attwReport(tarball: string): string {
  const attw = fromRoot("node_modules/@arethetypeswrong/cli/dist/index.js");
  const leave = ["--ignore-rules", "cjs-resolves-to-esm", "--exclude-entrypoints", "./file-system"];
  return execFileSync(process.execPath, [attw, tarball, "--profile", "strict", ...leave, "--no-color"], {
    encoding: "utf8",
  });
}

/** The licences of what others wrote and this package holds, from what the bundles say is in them. */
import { existsSync, readFileSync } from "node:fs";
import { fromRoot } from "./root.js";

/** A package without a licence file of its own, and the package of the same repository that has it. */
const ELSEWHERE: Record<string, string> = { "@assemblyscript/loader": "assemblyscript" };

/** Functions of AssemblyScript's standard library are in the kernels. */
const COMPILED = "assemblyscript";

const FILES = ["LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE", "NOTICE"];

/** What is in the bundles of packages under one licence. */
interface Work {
  packages: Set<string>;
  notices: Set<string>;
}

/** What parts of a file say of their own authors, if that is more than the package's licence. */
function notices(path: string): string[] {
  const comments = readFileSync(path, "utf8").match(/\/\*[\s\S]*?\*\/|(?:^[ \t]*\/\/.*\n)+/gm) ?? [];
  return comments.filter((comment) => /copyright|licen[sc]ed/i.test(comment)).map((comment) => comment.trim());
}

/** The text of THIRD-PARTY-LICENSES, for bundles of these modules. */
export function thirdPartyLicences(modules: Iterable<string>): string {
  const works = new Map<string, Work>([[COMPILED, { packages: new Set([COMPILED]), notices: new Set() }]]);
  for (const path of new Set(modules)) {
    const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
    if (!name) continue;
    const home = ELSEWHERE[name] ?? name;
    const work = works.get(home) ?? { packages: new Set(), notices: new Set() };
    works.set(home, work);
    work.packages.add(name);
    for (const notice of notices(path)) work.notices.add(notice);
  }
  const chapters = [...works].sort(([a], [b]) => (a < b ? -1 : 1)).map(([home, work]) => chapter(home, work));
  const rule = `\n${"=".repeat(80)}\n\n`;
  return ["resnet-wasm holds code of the packages below, under their licences.\n", ...chapters].join(rule);
}

function chapter(home: string, work: Work): string {
  const titles = [...work.packages].map((name) => {
    const { version, license } = JSON.parse(readFileSync(fromRoot("node_modules", name, "package.json"), "utf8"));
    return `${name} ${version} (${license})`;
  });
  const files = FILES.map((file) => fromRoot("node_modules", home, file)).filter(existsSync);
  if (files.length === 0) throw new Error(`${home}: expected one of ${FILES.join(", ")}, got none`);
  const texts = files.map((file) => readFileSync(file, "utf8").trim());
  return `${[titles.join("\n"), ...texts, ...work.notices].join("\n\n")}\n`;
}

// The guides, docs/*.md, in the order of the menu. A guide that stands in no group comes in the last one.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Guide {
  /** Its file in docs/, without `.md`. */
  name: string;
  title: string;
  text: string;
}

export interface Group {
  title: string;
  guides: Guide[];
}

const GROUPS: readonly (readonly [string, readonly string[]])[] = [
  ["Begin", ["first-hour", "overview", "data", "pictures", "tables", "sensors", "fine-tuning", "troubleshooting"]],
  [
    "Deploy",
    ["deployment", "frameworks", "runtimes", "worker", "standalone", "quantize", "command-line", "scale", "cluster"],
  ],
  ["Bring along", ["networks", "from-pytorch", "from-tensorflow-js", "onnx"]],
  ["Go deeper", ["training", "runs", "own-layers", "own-losses", "numbers"]],
];
const PROJECT: readonly [string, readonly string[]] = [
  "The project",
  ["measured", "walk-through", "decisions", "verify", "faults"],
];

export function readGuides(root: string): Group[] {
  const folder = join(root, "docs");
  const names = readdirSync(folder)
    .filter((name) => name.endsWith(".md"))
    .map((name) => name.slice(0, -3))
    .sort();
  const placed = new Set([...GROUPS, PROJECT].flatMap(([, own]) => own));
  const further: readonly [string, readonly string[]] = ["Further", names.filter((name) => !placed.has(name))];
  return [...GROUPS, further, PROJECT]
    .map(([title, own]) => ({ title, guides: own.filter((name) => names.includes(name)).map(read) }))
    .filter(({ guides }) => guides.length > 0);

  function read(name: string): Guide {
    const text = readFileSync(join(folder, `${name}.md`), "utf8");
    const title = /^# (.*)$/m.exec(text)?.[1].replaceAll("`", "");
    if (!title) throw new Error(`docs/${name}.md: has no heading`);
    return { name, title, text };
  }
}

// Counts what src/ tells the type checker without proof: casts (`as const` is none) and `!`. With a folder as argument, lists
// its places.
import { readdirSync, readFileSync } from "node:fs";
import { parseSync } from "vite";
import { fromRoot } from "./root.js";

const [listed] = process.argv.slice(2);
const counts = new Map<string, { casts: number; bangs: number }>();
const total = { casts: 0, bangs: 0 };

interface Found {
  type?: unknown;
  start?: unknown;
  typeAnnotation?: { type?: unknown; typeName?: { name?: unknown } };
}

/** Calls `found` for each node of a tree. */
function visit(node: unknown, found: (node: Found) => void): void {
  if (typeof node !== "object" || node === null) return;
  found(node);
  for (const child of Object.values(node)) visit(child, found);
}

for (const path of readdirSync(fromRoot("src"), { recursive: true, encoding: "utf8" }).sort()) {
  if (!path.endsWith(".ts")) continue;
  const text = readFileSync(fromRoot("src", path), "utf8");
  const folder = path.split(/[\\/]/)[0];
  const count = counts.get(folder) ?? { casts: 0, bangs: 0 };
  counts.set(folder, count);
  visit(parseSync(path, text).program, ({ type, start, typeAnnotation }) => {
    const isConst = typeAnnotation?.type === "TSTypeReference" && typeAnnotation.typeName?.name === "const";
    const kind = type === "TSNonNullExpression" ? "bangs" : type === "TSAsExpression" && !isConst ? "casts" : undefined;
    if (!kind) return;
    count[kind]++;
    total[kind]++;
    if (folder !== listed || typeof start !== "number") return;
    const line = text.slice(0, start).split("\n").length;
    console.log(`src/${path}:${line}: ${text.split("\n")[line - 1].trim()}`);
  });
}
for (const [folder, { casts, bangs }] of counts)
  if (casts + bangs > 0) console.log(`${folder}: ${casts} as, ${bangs} !`);
console.log(`src/: ${total.casts} as, ${total.bangs} !`);

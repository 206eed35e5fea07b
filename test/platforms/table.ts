/** The table of docs/runtimes.md: a line for each tool and version, its ways together where they gave the same. */
import type { Row } from "./platform.js";

const COLUMNS = ["tool", "version", "how", "main and further entries", "worker entry"];

export function markdown(rows: readonly Row[]): string {
  const lines = new Map<string, { cells: string[]; modes: string[] }>();
  for (const { title, version, mode, main, worker } of rows) {
    const key = [title, version, main, worker].join("|");
    const line = lines.get(key) ?? { cells: [title, version, "", main, worker], modes: [] };
    line.modes.push(mode);
    lines.set(key, line);
  }
  const cells = [...lines.values()].map(({ cells: [title, version, , ...found], modes }) => [
    ...[title, version, modes.join("; ")],
    ...found,
  ]);
  const all = [COLUMNS, COLUMNS.map(() => "---"), ...cells];
  return all.map((line) => `| ${line.join(" | ")} |\n`).join("");
}

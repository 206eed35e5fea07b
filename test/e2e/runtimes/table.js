// The table of a run, for the terminal and for docs/runtimes.md.

/** The first digits are enough to see that they are equal. */
const short = (hash) => hash?.slice(0, 8) ?? "";

const threads = ({ notes }) => notes.threads ?? "";
const relaxed = ({ notes }) => (notes.relaxed === undefined ? "" : notes.relaxed === "true" ? "yes" : "no");

const COLUMNS = {
  runtime: ({ title, version, missing }) => `${title} ${missing ? "(missing)" : version}`,
  entry: ({ entry }) => entry,
  "dense net": ({ notes }) => short(notes.dense),
  "image net": ({ notes }) => short(notes.images),
  threads,
  "relaxed SIMD": relaxed,
  checks: ({ passed, failures }) => `${passed}${failures.length > 0 ? `, ${failures.length} failed` : ""}`,
  seconds: ({ seconds }) => (seconds ? seconds.toFixed(0) : ""),
};

const cells = (rows) => [Object.keys(COLUMNS), ...rows.map((row) => Object.values(COLUMNS).map((cell) => cell(row)))];

export function text(rows) {
  const table = cells(rows);
  const widths = table[0].map((_, i) => Math.max(...table.map((row) => row[i].length)));
  return table.map((row) => row.map((cell, i) => cell.padEnd(widths[i])).join("  ")).join("\n");
}

/** Without the time, which is that of one machine on one day. */
export function markdown(rows) {
  const [head, ...body] = cells(rows).map((row) => row.slice(0, -1));
  const line = (row) => `| ${row.join(" | ")} |\n`;
  return [head, head.map(() => "---"), ...body].map(line).join("");
}

/** Medians, and what the bench prints and writes of them. */
import { cpus, totalmem } from "node:os";

export const machine = () => ({
  cpu: `${cpus()[0].model.trim()} x${cpus().length}`,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  platform: `${process.platform} ${process.arch}`,
});

/** [first quartile, median, third quartile], interpolated. */
export function quartiles(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return [0.25, 0.5, 0.75].map((q) => {
    const at = q * (sorted.length - 1);
    const low = Math.floor(at);
    return sorted[low] + (sorted[Math.ceil(at)] - sorted[low]) * (at - low);
  });
}

export const median = (values) => quartiles(values)[1];

/** Columns aligned by spaces; all but the first and last column to the right. */
export function table(header, rows) {
  const all = [header, ...rows];
  const widths = header.map((_, i) => Math.max(...all.map((row) => String(row[i]).length)));
  const cell = (value, i) =>
    i === 0 || i === header.length - 1 ? String(value).padEnd(widths[i]) : String(value).padStart(widths[i]);
  return all.map((row) => row.map(cell).join("  ").trimEnd()).join("\n");
}

/** Three digits, or two of small ones. */
export function number(value) {
  if (value >= 100) return value.toFixed(0);
  if (value >= 10) return value.toFixed(1);
  return value >= 0.1 ? value.toFixed(2) : value.toPrecision(2);
}
export const spread = (value, [low, high]) => `${number(value)} [${number(low)} ${number(high)}]`;

export function printTask(title, { task, base, rows }) {
  console.log(`\n${title}, ${task.name}; times of "${base}"`);
  const cells = rows.map(({ name, where, error, ...r }) =>
    error
      ? [name, where, "-", "-", "-", error]
      : [name, where, spread(r.ratio, r.ratioQuartiles), spread(r.ms, r.quartiles), r.peakMiB?.toFixed(0) ?? "", ""],
  );
  console.log(table(["contender", "", "ratio", "ms", "MiB", ""], cells));
}

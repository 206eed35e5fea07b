/** What every bench prints: the machine, medians with quartiles, a table. */
import { cpus, totalmem } from "node:os";

export function machine() {
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: `${cpus()[0].model.trim()} x${cpus().length}`,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    v8: process.versions.v8,
    flags: process.execArgv,
    platform: `${process.platform} ${process.arch}`,
  };
}

/** [first quartile, median, third quartile], interpolated. */
export function quartiles(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return [0.25, 0.5, 0.75].map((q) => {
    const at = q * (sorted.length - 1);
    const low = Math.floor(at);
    return sorted[low] + (sorted[Math.ceil(at)] - sorted[low]) * (at - low);
  });
}

/** Columns aligned by spaces; all but the first and last column to the right. */
export function table(header, rows) {
  const all = [header, ...rows];
  const widths = header.map((_, i) => Math.max(...all.map((row) => String(row[i]).length)));
  const cell = (value, i) =>
    i === 0 || i === header.length - 1 ? String(value).padEnd(widths[i]) : String(value).padStart(widths[i]);
  return all.map((row) => row.map(cell).join("  ").trimEnd()).join("\n");
}

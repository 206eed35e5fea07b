/** The main results as one SVG: how many times our time the others take, on a logarithmic scale, bars from 1. */
import { number } from "./report.js";

const PANELS = [
  ["gemm", 0],
  ["resnet18", 0],
  ["resnet50", 0],
  ["mobilenet_v2", 0],
  ["keras", 0],
  ["resnet20", 1],
  ["resnet20-train", 0],
  ["fc-train", 0],
];
const PANEL = { width: 410, gap: 20, row: 19, title: 42, label: 190, value: 62 };
// Twice their size, text and bars, in the README of a narrow screen: it scales as a picture.
const STYLE = `
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 13px }
.note { fill: #59636e; font-size: 11px }
.value { text-anchor: end }
.name { text-anchor: end }
.ours { fill: #0969da }
.peer { fill: #8c959f }
.native { fill: #bf8700 }
.axis { stroke: #59636e; stroke-width: 1 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .note { fill: #9198a1 }
  .ours { fill: #4493f8 }
  .peer { fill: #656c76 }
  .native { fill: #d29922 }
  .axis { stroke: #9198a1 }
}`;

const escapeText = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const px = (value) => Number(value.toFixed(1));

function shown({ rows }) {
  const base = rows.find(({ error }) => !error);
  return rows.filter(({ name, where, error }) => !error && !name.includes("micro-kernel") && (where === base.where || where === "")); // biome-ignore format: one line
}

const kind = (name) => (name.startsWith("ours") ? "ours" : name.includes("native") ? "native" : "peer");

function panel({ title }, result, x, y) {
  const rows = shown(result);
  const from = x + PANEL.label;
  const width = PANEL.width - PANEL.label - PANEL.value;
  const ratios = rows.map(({ ratio }) => ratio);
  const [low, high] = [Math.log(Math.min(0.5, ...ratios)), Math.log(Math.max(4, ...ratios))];
  const at = (ratio) => from + ((Math.log(ratio) - low) / (high - low)) * width;
  const name = result.task.kind === "gemm" ? `Matrix product ${result.task.name}` : title;
  const full = title.includes("batch") || result.task.kind === "gemm" ? name : `${name}, ${result.task.name}`;
  const bars = rows.map((row, i) => {
    const top = y + PANEL.title + i * PANEL.row;
    const [left, right] = [Math.min(at(1), at(row.ratio)), Math.max(at(1), at(row.ratio))];
    return `<text class="name" x="${px(from - 8)}" y="${top + 12}">${escapeText(row.name)}</text>
<rect class="${kind(row.name)}" x="${px(left - 1)}" y="${top + 2}" width="${px(right - left + 2)}" height="13" rx="1.5"/>
<text class="value" x="${x + PANEL.width}" y="${top + 12}">${number(row.ratio)}</text>`;
  });
  const bottom = y + PANEL.title + rows.length * PANEL.row;
  return `<text class="title" x="${x}" y="${y + 14}">${escapeText(full)}</text>
<text class="note" x="${x}" y="${y + 31}">1 is ${number(rows[0].ms)} ms</text>
${bars.join("\n")}
<line class="axis" x1="${px(at(1))}" x2="${px(at(1))}" y1="${y + PANEL.title - 2}" y2="${bottom}"/>`;
}

export function chart({ groups, machine }) {
  const present = PANELS.filter(([group]) => groups[group]);
  const heights = present.map(([group, at]) => PANEL.title + shown(groups[group].results[at]).length * PANEL.row + 24);
  const ends = [0, 0]; // of the two columns
  const panels = present.map(([group, at], i) => {
    const column = ends[0] <= ends[1] ? 0 : 1;
    const svg = panel(groups[group], groups[group].results[at], column * (PANEL.width + 2 * PANEL.gap), ends[column]);
    ends[column] += heights[i];
    return svg;
  });
  const [width, height] = [2 * PANEL.width + 2 * PANEL.gap, Math.max(...ends) + 8];
  const { date, engines } = Object.values(groups).at(-1);
  const note = `Times our time, one thread unless said. ${machine.cpu}, ${engines.join(", ")}, ${date}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escapeText(note)}</title>
<style>${STYLE}</style>
${panels.join("\n")}
<text class="note" x="0" y="${height - 4}">${escapeText(note)}</text>
</svg>
`;
}

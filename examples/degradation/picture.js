// @ts-check
/** The losses of a study as one picture, an SVG file with nothing else in it: that of the project's first page. */
import { drawChart, escapeText, SIZE } from "./charts.js";
import { lossCharts } from "./panels.js";
import { COLOURS } from "./style.js";

const GAP = 16;
const TOP = { key: 26, title: 20 };

/** @param {import("./study.js").Study} study */
export function renderPicture(study) {
  const charts = lossCharts(study);
  const width = charts.length * (SIZE.width + GAP) - GAP;
  const height = TOP.key + TOP.title + SIZE.height;
  const left = (/** @type {number} */ i) => i * (SIZE.width + GAP);
  const panels = charts.map(({ panel, axes }, i) => {
    const place = ` x="${left(i)}" y="${TOP.key + TOP.title}" width="${SIZE.width}" height="${SIZE.height}"`;
    const title = `<text class="title" x="${left(i) + 8}" y="${TOP.key + 14}">${escapeText(panel.title)}</text>`;
    return `${title}\n${drawChart(panel, axes, place)}`;
  });
  const { train } = study.images;
  const what = `Training loss on ${train.length.toLocaleString("en")} images (${study.images.name})`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escapeText(`${what}: plain nets and the same nets with skip connections`)}</title>
<style>${STYLE}</style>
<rect class="paper" width="${width}" height="${height}"/>
<text class="note" x="8" y="16">${escapeText(what)}: <tspan class="end plain">plain nets</tspan> and <tspan class="end residual">the same nets with skip connections</tspan></text>
${panels.join("\n")}
</svg>
`;
}

/** Of the report's style sheet what charts need. In a picture nothing is inherited. */
const STYLE = `
${COLOURS}
text { font: 11.5px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: var(--soft) }
.title { font-size: 14px; font-weight: 600; fill: var(--ink) } .note { font-size: 13px }
.paper { fill: var(--card) }
.end { font-weight: 600 } .end.plain { fill: var(--plain) } .end.residual { fill: var(--residual) }
.grid { stroke: var(--line) } .rule { stroke: var(--soft); stroke-dasharray: 2 3 }
.line { fill: none; stroke-width: 1.9; stroke-linejoin: round; stroke-linecap: round }
.line.plain { stroke: var(--plain) } .line.residual { stroke: var(--residual) }
`;

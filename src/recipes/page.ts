/** The report of a recipe as one page: no scripts, and nothing that it loads. */

/** A table of a page: its head, and its rows. */
export interface PageTable {
  caption: string;
  head: readonly string[];
  rows: readonly (readonly (string | number)[])[];
}

/** A curve for each name: values of one epoch after the other. */
export interface PageCurves {
  caption: string;
  curves: Readonly<Record<string, readonly number[]>>;
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text: string | number): string => String(text).replace(/[&<>"]/g, (sign) => ENTITIES[sign]);

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1b1f24;background:#fff}
table{border-collapse:collapse;margin:.5rem 0 1.5rem}caption{text-align:left;font-weight:600;padding:.3rem 0}
td,th{padding:.15rem .8rem .15rem 0;text-align:left;border-bottom:1px solid #d8dee4;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}pre{white-space:pre-wrap;background:#f3f5f7;padding:1rem}
figure{margin:1rem 0}svg{max-width:100%;height:auto}
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}td,th{border-color:#30363d}pre{background:#161b22}}`;

/** The page: its tables, its curves, and the lines that were printed. */
export function page(title: string, tables: readonly PageTable[], curves: readonly PageCurves[], log: string): string {
  const body = [...tables.map(tableOf), ...curves.map(figureOf)].join("\n");
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}</title><style>${STYLE}</style></head>
<body><h1>${escaped(title)}</h1>
${body}
<h2>What was chosen and found</h2>
<pre>${escaped(log)}</pre>
</body></html>
`;
}

function tableOf({ caption, head, rows }: PageTable): string {
  const cell = (tag: string) => (value: string | number) => {
    const isNumber = typeof value === "number" || /^-?[\d.,]+( %)?$/.test(value);
    return `<${tag}${isNumber ? ' class="n"' : ""}>${escaped(value)}</${tag}>`;
  };
  const line = (tag: string, cells: readonly (string | number)[]) => `<tr>${cells.map(cell(tag)).join("")}</tr>`;
  const lines = [line("th", head), ...rows.map((row) => line("td", row))].join("\n");
  return `<table><caption>${escaped(caption)}</caption>\n${lines}\n</table>`;
}

const COLOURS = ["#0969da", "#bc4c00", "#1a7f37", "#8250df"];
const [WIDTH, HEIGHT, LEFT, BELOW] = [640, 240, 56, 24];

function figureOf({ caption, curves }: PageCurves): string {
  const entries = Object.entries(curves).filter(([, values]) => values.length > 0);
  const all = entries.flatMap(([, values]) => values).filter(Number.isFinite);
  if (all.length === 0) return "";
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const longest = Math.max(...entries.map(([, values]) => values.length));
  const x = (i: number) => LEFT + (i / Math.max(1, longest - 1)) * (WIDTH - LEFT - 8);
  const y = (value: number) => 8 + ((most - value) / (most - least || 1)) * (HEIGHT - BELOW - 8);
  const lines = entries.map(([, values], k) => {
    const points = values.map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
    return `<polyline fill="none" stroke="${COLOURS[k % COLOURS.length]}" stroke-width="2" points="${points}"/>`;
  });
  const label = (at: number, text: string) =>
    `<text x="${LEFT - 6}" y="${at}" text-anchor="end">${escaped(text)}</text>`;
  const names = entries.map(
    ([name], k) =>
      `<text x="${LEFT + 140 * k}" y="${HEIGHT - 4}" fill="${COLOURS[k % COLOURS.length]}">${escaped(name)}</text>`,
  );
  return `<figure><figcaption>${escaped(caption)}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-size="12" fill="currentColor" role="img" aria-label="${escaped(caption)}">
${[...lines, label(16, most.toPrecision(3)), label(HEIGHT - BELOW, least.toPrecision(3)), ...names].join("\n")}
</svg></figure>`;
}

/** How often each class was predicted as each, for a page; undefined where there are too many to look at. */
export function confusionTable(
  matrix: readonly (readonly number[])[],
  names: readonly string[],
): PageTable | undefined {
  if (matrix.length > 40) return undefined;
  return {
    caption: "Classes (rows) by what was predicted (columns)",
    head: ["", ...names],
    rows: matrix.map((row, i) => [names[i], ...row]),
  };
}

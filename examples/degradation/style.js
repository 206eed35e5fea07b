// @ts-check
/** The names of the colours, on light and dark paper. Orange and blue stay apart for every eye. */
export const COLOURS = `:root { color-scheme: light dark; --paper: #fbfaf7; --card: #ffffff; --ink: #1d1c1a; --soft: #6b6862; --line: #e4e0d8;
  --plain: #b8480f; --residual: #1b62b5; }
@media (prefers-color-scheme: dark) { :root { --paper: #161719; --card: #1e2023; --ink: #eceae6; --soft: #a19d96;
  --line: #34373b; --plain: #ff9d66; --residual: #7fb8ff; } }`;

/** The report's style sheet. */
export const STYLE = `
${COLOURS}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 56px 28px 72px; }
.eyebrow { margin: 0 0 10px; color: var(--soft); font-size: 14px; letter-spacing: .02em; }
h1 { margin: 0 0 26px; max-width: 26ch; font-size: clamp(30px, 4.6vw, 50px); line-height: 1.1; letter-spacing: -.02em; text-wrap: balance; }
h2 { margin: 56px 0 6px; font-size: 24px; letter-spacing: -.01em; }
h3 { margin: 40px 0 6px; font-size: 20px; letter-spacing: -.01em; }
article { margin-top: 72px; padding-top: 8px; border-top: 1px solid var(--line); } article > h2 { margin: 40px 0 18px; max-width: 34ch; font-size: clamp(26px, 3.4vw, 36px); line-height: 1.15; }
p { max-width: 74ch; margin: 0 0 14px; }
.note { color: var(--soft); font-size: 15px; }
.findings p { font-size: 18px; }
.plain { color: var(--plain); } .residual { color: var(--residual); }
.scroll { overflow-x: auto; margin-top: 28px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100%; max-width: 760px; }
caption { text-align: left; color: var(--soft); font-size: 15px; padding-bottom: 8px; }
th, td { padding: 9px 16px; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { font-weight: 600; } thead th { font-size: 14px; } thead tr:last-child th { color: var(--soft); font-weight: 400; }
th:first-child, td:first-child { padding-left: 0; text-align: left; }
thead .plain, thead .residual { text-align: center; }
td b { font-weight: 650; }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(205px, 1fr)); gap: 16px; margin: 18px 0 8px; }
.panel { margin: 0; padding: 12px 4px 4px 8px; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.panel figcaption { padding-left: 6px; font-size: 15px; font-weight: 600; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
svg text { font-size: 11.5px; fill: var(--soft); font-variant-numeric: tabular-nums; }
svg .end { font-size: 12px; font-weight: 600; }
svg .end.plain { fill: var(--plain); } svg .end.residual { fill: var(--residual); }
.grid { stroke: var(--line); } .rule { stroke: var(--soft); stroke-dasharray: 2 3; }
.line { fill: none; stroke-width: 1.9; stroke-linejoin: round; stroke-linecap: round; }
.line.plain { stroke: var(--plain); stroke-dasharray: 6 3.5; } .line.residual { stroke: var(--residual); }
circle.plain { fill: var(--plain); } circle.residual { fill: var(--residual); }
.dotted .line { stroke-width: 1; opacity: .55; }
circle.zero { fill: var(--card); stroke: var(--residual); stroke-width: .9; }
.row { margin: 22px 0 0; font-size: 16px; font-weight: 600; }
.key { display: flex; flex-wrap: wrap; gap: 6px 22px; margin: 8px 0 0; font-size: 15px; }
.key svg { display: inline-block; width: 34px; height: 10px; vertical-align: middle; margin-right: 7px; }
.sheet { margin: 30px 0 0; } .sheet img { display: block; width: min(100%, 596px); border-radius: 8px; image-rendering: pixelated; }
.sheet figcaption { margin-top: 6px; color: var(--soft); font-size: 15px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 6px 22px; max-width: 84ch; margin: 14px 0 0; font-size: 15px; }
dt { color: var(--soft); } dd { margin: 0; }
details { margin-top: 14px; } summary { cursor: pointer; color: var(--soft); font-size: 15px; }
@media (max-width: 620px) { main { padding: 32px 16px 48px; } dl { grid-template-columns: 1fr; gap: 2px; } dd { margin-bottom: 8px; }
  th, td { padding: 7px 4px; font-size: 13px; white-space: normal; } thead th { font-size: 12.5px; }
  .findings p { font-size: 17px; } .panels { gap: 12px; } }
@media print { .panel { break-inside: avoid; } }
`;

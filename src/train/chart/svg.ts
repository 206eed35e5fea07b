/** Curves as SVG: a tree of elements, which becomes text or part of a page. No styles or scripts: strict pages show it, too. */
import { boundsOf, type Series, short } from "./series.js";

export interface Element {
  tag: string;
  attributes: Readonly<Record<string, string | number>>;
  children: readonly (Element | string)[];
}

export const element = (tag: string, attributes: Element["attributes"], ...children: Element["children"]): Element => ({
  tag,
  attributes,
  children,
});

/** Told apart on white and black, and by who sees no red or green (Okabe & Ito 2008). */
export const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [480, 220, 52, 30, 26];

/** A picture of 480 by 220, to be scaled to its place; `unit` is what points are counted in. */
export function drawSvg(all: readonly Series[], unit = "step"): Element {
  const bounds = boundsOf(all) ?? { left: 0, right: 1, bottom: 0, top: 1 };
  const px = (x: number) => round(LEFT + ((x - bounds.left) / (bounds.right - bounds.left)) * (WIDTH - LEFT - 8));
  const py = (y: number) => round(TOP + ((bounds.top - y) / (bounds.top - bounds.bottom)) * (HEIGHT - TOP - BOTTOM));
  const text = (x: number, y: number, anchor: string, content: string, fill = "currentColor") =>
    element("text", { x, y, "text-anchor": anchor, fill, "font-size": 13, "font-family": "sans-serif" }, content);
  const levels = [0, 0.25, 0.5, 0.75, 1].map((share) => bounds.bottom + share * (bounds.top - bounds.bottom));
  const grid = levels.flatMap((y) => [
    element("line", { x1: LEFT, x2: WIDTH - 8, y1: py(y), y2: py(y), stroke: "currentColor", "stroke-opacity": 0.15 }),
    text(LEFT - 6, py(y) + 4, "end", short(y)),
  ]);
  const ends = [
    text(LEFT, HEIGHT - 8, "start", `${unit} ${bounds.left}`),
    text(WIDTH - 8, HEIGHT - 8, "end", String(bounds.right)),
  ];
  const curves = all.flatMap(({ points, marked }, i) => {
    const stroke = COLOURS[i % COLOURS.length];
    const line = points.map(([x, y]) => `${px(x)},${py(y)}`).join(" ");
    const dots = marked ? points.map(([x, y]) => element("circle", { cx: px(x), cy: py(y), r: 3, fill: stroke })) : [];
    return [element("polyline", { points: line, fill: "none", stroke, "stroke-width": 1.5 }), ...dots];
  });
  const legend = all.map(({ name, points }, i) => {
    const last = points.length > 0 ? ` ${short(points[points.length - 1][1])}` : "";
    return text(LEFT + i * 170, 15, "start", `${name}${last}`, COLOURS[i % COLOURS.length]);
  });
  const label = all.map(({ name }) => name).join(", ");
  const size = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: "100%", role: "img", "aria-label": `Curves of ${label}` };
  return element("svg", { xmlns: "http://www.w3.org/2000/svg", ...size }, ...grid, ...ends, ...curves, ...legend);
}

const round = (value: number): number => Math.round(value * 10) / 10;

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** For text and attributes of HTML and SVG. */
export const escaped = (text: string): string => text.replace(/[&<>"]/g, (letter) => ESCAPES[letter]);

/** Elements of HTML without an end. */
const VOID = ["meta", "img"];

export function toText({ tag, attributes, children }: Element): string {
  const list = Object.entries(attributes).map(([name, value]) => ` ${name}="${escaped(String(value))}"`);
  const inner = children.map((child) => (typeof child === "string" ? escaped(child) : toText(child)));
  return `<${tag}${list.join("")}>${inner.join("")}${VOID.includes(tag) ? "" : `</${tag}>`}`;
}

/** Made by the DOM, without markup that a page's policy may refuse. */
export function toNode(document: Document, { tag, attributes, children }: Element): SVGElement {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) if (name !== "xmlns") node.setAttribute(name, String(value));
  node.append(...children.map((child) => (typeof child === "string" ? child : toNode(document, child))));
  return node;
}

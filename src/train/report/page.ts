/** A report as one page of HTML, without scripts and without anything from elsewhere. */
import { lookUp } from "../../core/look-up.js";
import type { Mistake } from "../../metrics/mistakes.js";
import type { ReliabilityBin } from "../../metrics/reliability.js";
import type { EpochRecord } from "../callback.js";
import type { Series } from "../chart/series.js";
import { drawSvg, type Element, element, toText } from "../chart/svg.js";
import type { Evaluation } from "../evaluate.js";
import { drawMatrix, drawReliability } from "./diagrams.js";
import { type ClassRow, numbersOf, written } from "./table.js";

/** What stands on it. */
export interface Content {
  title: string;
  evaluation: Evaluation;
  nameOf(index: number): string;
  matrix: number[][] | undefined;
  classes: readonly ClassRow[];
  bins: readonly ReliabilityBin[] | undefined;
  mistakes: readonly Mistake[];
  /** Addresses of the mistakes' pictures; fewer where samples are none. */
  pictures: readonly string[];
  epochs: readonly EpochRecord[];
  notes: string;
}

/** The browser's own colours in light and dark; nothing is wider than a phone. */
const STYLE = `:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 0 auto; padding: 1rem }
h1 { font-size: 1.5rem; line-height: 1.2 }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .5rem }
p { margin: .25rem 0 1rem; opacity: .8 }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: .75rem; margin: 1rem 0 }
dl div { border: 1px solid #8884; border-radius: .5rem; padding: .5rem .75rem; overflow-wrap: anywhere }
dt { font-size: .85rem; opacity: .8 }
dd { margin: 0; font-size: 1.25rem; font-variant-numeric: tabular-nums }
.wide { overflow-x: auto }
.square { max-width: 40rem; overflow-x: auto }
.square svg { min-width: 26rem }
.small { max-width: 22rem }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); gap: 1.5rem }
table { border-collapse: collapse; white-space: nowrap; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid #8884 }
th:first-child, td:first-child { text-align: left; padding-left: 0 }
ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(7.5rem, 1fr)); gap: 1rem; list-style: none; padding: 0 }
figure { margin: 0 }
img { width: 100%; image-rendering: pixelated; border-radius: .25rem; background: #8882 }
pre { overflow-x: auto; font-size: .85rem }
figcaption { font-size: .85rem; line-height: 1.35; overflow-wrap: anywhere }
@media (max-width: 30rem) { table { font-size: .8rem } th, td { padding: .25rem .35rem } }
`;

export async function pageOf(content: Content): Promise<string> {
  const { title } = content;
  const sections = [numbers, curves, confusions, byClass, calibration, gallery, remarks].flatMap((make) =>
    make(content),
  );
  const policy = await policyFor(STYLE);
  const meta = (attributes: Element["attributes"]) => element("meta", attributes);
  const head = [
    meta({ charset: "utf-8" }),
    ...(policy ? [meta({ "http-equiv": "Content-Security-Policy", content: policy })] : []),
    meta({ name: "viewport", content: "width=device-width, initial-scale=1" }),
    meta({ name: "color-scheme", content: "light dark" }),
    element("title", {}, title),
    element("style", {}, STYLE),
  ];
  const body = element("main", {}, element("h1", {}, title), ...sections);
  return `<!doctype html>\n${toText(element("html", { lang: "en" }, element("head", {}, ...head), element("body", {}, body)))}\n`;
}

/** The page allows itself pictures of its own and this very style. */
async function policyFor(style: string): Promise<string | undefined> {
  if (!globalThis.crypto?.subtle) return undefined; // http: pages have none
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style)));
  return `default-src 'none'; img-src data:; style-src 'sha256-${btoa(String.fromCharCode(...digest))}'`;
}

const section = (title: string, about: string, ...children: Element[]): Element =>
  element("section", {}, element("h2", {}, title), ...(about ? [element("p", {}, about)] : []), ...children);

const block = (className: string, ...children: Element[]): Element => element("div", { class: className }, ...children);

function table(head: readonly string[], rows: readonly (readonly string[])[]): Element {
  const line = (tag: string, cells: readonly string[]) =>
    element("tr", {}, ...cells.map((cell) => element(tag, {}, cell)));
  const body = element("tbody", {}, ...rows.map((row) => line("td", row)));
  return block("wide", element("table", {}, element("thead", {}, line("th", head)), body));
}

function numbers({ evaluation }: Content): Element[] {
  const tiles = numbersOf(evaluation).map(([name, value]) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, written(value))),
  );
  return [element("dl", {}, ...tiles)];
}

/** The losses in one picture, every further number of validation in one of its own. */
function curves({ epochs }: Content): Element[] {
  if (epochs.length < 2) return [];
  const values = new Map<string, [number, number][]>();
  const add = (name: string, epoch: number, value: unknown) => {
    if (typeof value !== "number" || !Number.isFinite(value)) return;
    if (!values.has(name)) values.set(name, []);
    lookUp(values, name).push([epoch + 1, value]);
  };
  for (const { epoch, loss, lr, validation } of epochs) {
    add("loss", epoch, loss);
    add("lr", epoch, lr);
    const { metrics, samples, nonFinite, ...own }: Record<string, unknown> = { ...validation };
    for (const [name, value] of Object.entries({ ...own, ...Object(metrics) })) add(`validation.${name}`, epoch, value);
  }
  const series = (name: string): Series => ({ name, marked: epochs.length <= 40, points: values.get(name) ?? [] });
  const losses = ["loss", "validation.loss"].filter((name) => values.has(name)).map(series);
  const { size } = new Set(values.get("lr")?.map(([, lr]) => lr));
  const rest = [...values.keys()].filter(
    (name) => !["loss", "validation.loss"].includes(name) && (name !== "lr" || size > 1),
  );
  const pictures = [losses, ...rest.map((name) => [series(name)])].map((each) => drawSvg(each, "epoch"));
  return [section("Curves", "", block("two", ...pictures))];
}

function confusions({ matrix, nameOf }: Content): Element[] {
  if (!matrix) return [];
  const pairs = matrix
    .flatMap((row, i) => row.map((count, j) => ({ i, j, count, share: count / row.reduce((a, b) => a + b, 0) })))
    .filter(({ i, j, count }) => i !== j && count > 0)
    .sort((a, b) => b.count - a.count)
    .slice(0, 10);
  const rows = pairs.map(({ i, j, count, share }) => [
    nameOf(i),
    nameOf(j),
    written(count),
    `${(100 * share).toFixed(1)} %`,
  ]);
  const list = rows.length > 0 ? [table(["class", "taken for", "times", "of the class"], rows)] : [];
  const about = "Rows are the classes of samples, columns what they were taken for.";
  return [section("Confusion matrix", about, block("square", drawMatrix(matrix, nameOf)), ...list)];
}

function byClass({ classes }: Content): Element[] {
  if (classes.length === 0) return [];
  const rows = [...classes]
    .sort((a, b) => a.f1 - b.f1)
    .map(({ name, samples, precision, recall, f1 }) => [
      name,
      written(samples),
      ...[precision, recall, f1].map((share) => share.toFixed(3)),
    ]);
  return [section("By class", "The worst first.", table(["class", "samples", "precision", "recall", "f1"], rows))];
}

function calibration({ bins }: Content): Element[] {
  if (!bins) return [];
  const about = "How often answers of a probability are right. Below the dashed line the model is too sure.";
  return [section("Calibration", about, block("small", drawReliability(bins)))];
}

function gallery({ mistakes, pictures, nameOf }: Content): Element[] {
  if (mistakes.length === 0) return [];
  const percent = (share: number) => `${(100 * share).toFixed(share > 0.995 ? 1 : 0)} %`;
  const about = "Samples of which the model is most sure, and wrong.";
  if (pictures.length === 0) {
    const rows = mistakes.map(({ sample, expected, predicted, probability }) => [
      String(sample),
      nameOf(expected),
      nameOf(predicted),
      percent(probability),
    ]);
    return [section("Worst mistakes", about, table(["sample", "class", "taken for", "probability"], rows))];
  }
  const figures = mistakes.map(({ sample, expected, predicted, probability }, i) => {
    const [is, was] = [nameOf(expected), nameOf(predicted)];
    const image = element("img", { src: pictures[i], alt: `sample ${sample}: ${is}` });
    const words = [element("strong", {}, is), ` taken for ${was}, ${percent(probability)} (sample ${sample})`];
    return element("li", {}, element("figure", {}, image, element("figcaption", {}, ...words)));
  });
  return [section("Worst mistakes", about, element("ul", {}, ...figures))];
}

const remarks = ({ notes }: Content): Element[] =>
  notes === "" ? [] : [section("Notes", "", element("pre", {}, notes))];

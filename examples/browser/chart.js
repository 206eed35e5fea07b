// @ts-check
// The curves of both networks, as SVG. Ten times a second the lines move, with at most a few hundred points each: their
// drawing must not hold up the page.
import { draw, element } from "./dom.js";
import { TWINS } from "./networks.js";

const WIDTH = 640;
const HEIGHT = 260;
const EDGE = { left: 44, right: 12, top: 14, bottom: 30 };
const POINTS = 200;
/** Time between two drawings (ms). */
const INTERVAL = 100;
/** Weight of the newest step in the smooth line. */
const SMOOTHING = 0.08;

const LABELS = { plain: "plain", residual: "with skip connections" };

export class Chart {
  #svg = element("chart");
  /** @type {Record<string, Record<string, number[]>>} */
  #series = {};
  /** @type {{ twin: string, style: string, path: SVGElement }[]} */
  #paths = [];
  #steps = 1;
  #guess = 1;
  #pending = false;
  #drawn;

  /** @param {() => void} drawn called when the lines have moved */
  constructor(drawn) {
    this.#drawn = drawn;
  }

  /**
   * @param {number} steps
   * @param {number} classes
   */
  start(steps, classes) {
    this.#steps = steps;
    this.#guess = Math.log(classes);
    this.#series = Object.fromEntries(TWINS.map((twin) => [twin, { raw: [], smooth: [] }]));
    this.#drawFrame();
  }

  /**
   * @param {string} twin
   * @param {number} loss
   */
  add(twin, loss) {
    const { raw, smooth } = this.#series[twin];
    raw.push(loss);
    smooth.push(
      smooth.length === 0 ? loss : smooth[smooth.length - 1] + SMOOTHING * (loss - smooth[smooth.length - 1]),
    );
    this.#request();
  }

  /** @param {string} twin */
  last(twin) {
    return this.#series[twin]?.smooth.at(-1);
  }

  #request() {
    if (this.#pending) return;
    this.#pending = true;
    setTimeout(() => {
      this.#pending = false;
      requestAnimationFrame(() => this.#update());
    }, INTERVAL);
  }

  /** @param {number} step */
  #x(step) {
    return EDGE.left + (step / this.#steps) * (WIDTH - EDGE.left - EDGE.right);
  }

  /** @param {number} loss */
  #y(loss) {
    const top = 1.35 * this.#guess;
    return HEIGHT - EDGE.bottom - (Math.min(loss, top) / top) * (HEIGHT - EDGE.top - EDGE.bottom);
  }

  /** Everything but the lines, which are empty yet. */
  #drawFrame() {
    const right = WIDTH - EDGE.right;
    const [zero, guess] = [this.#y(0), this.#y(this.#guess)];
    const parts = [
      draw("line", { class: "axis", x1: EDGE.left, x2: right, y1: zero, y2: zero }),
      draw("line", { class: "axis", x1: EDGE.left, x2: EDGE.left, y1: EDGE.top, y2: zero }),
      draw("line", { class: "guess", x1: EDGE.left, x2: right, y1: guess, y2: guess }),
      draw("text", { x: EDGE.left - 8, y: zero + 4, "text-anchor": "end" }, "0"),
      draw("text", { x: EDGE.left - 8, y: guess + 4, "text-anchor": "end" }, this.#guess.toFixed(1)),
      draw("text", { x: right, y: HEIGHT - 8, "text-anchor": "end" }, `${this.#steps} steps`),
      draw("text", { x: EDGE.left, y: HEIGHT - 8 }, "0"),
    ];
    this.#paths = ["raw", "smooth"].flatMap((style) =>
      TWINS.map((twin) => ({ twin, style, path: draw("path", { class: `${twin} ${style}` }) })),
    );
    parts.push(...this.#paths.map(({ path }) => path));
    TWINS.forEach((twin, i) => {
      const at = { x: right - 4, y: EDGE.top + 12 + 18 * i };
      parts.push(draw("text", { class: twin, ...at, "text-anchor": "end" }, LABELS[twin]));
    });
    this.#svg.replaceChildren(...parts);
  }

  #update() {
    for (const { twin, style, path } of this.#paths) path.setAttribute("d", this.#line(this.#series[twin][style]));
    const said = TWINS.map((twin) => `${LABELS[twin]} ${this.last(twin)?.toFixed(2) ?? "not started"}`);
    const done = Math.max(...TWINS.map((twin) => this.#series[twin].raw.length));
    this.#svg.setAttribute("aria-label", `Error after step ${done} of ${this.#steps}: ${said.join(", ")}`);
    this.#drawn();
  }

  /** @param {number[]} values */
  #line(values) {
    const every = Math.max(1, Math.ceil(values.length / POINTS));
    const points = [];
    for (let i = 0; i < values.length; i += every)
      points.push(`${this.#x(i).toFixed(1)} ${this.#y(values[i]).toFixed(1)}`);
    return points.length > 1 ? `M${points.join("L")}` : "";
  }
}

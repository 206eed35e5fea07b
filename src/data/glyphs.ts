/**
 * A procedural image set that needs no file: glyphs of an invented alphabet. A class is a handful of curved strokes,
 * the same in every run and on every platform; an example draws it with its own rotation, scale, slant, shift, pen and
 * noise. Only + - * /, sqrt and integer operations, so that the same seed gives the same bytes everywhere.
 */
import { flag, integer, readOptions, type Schema, share } from "../core/options.js";
import { Philox } from "../core/random.js";
import { arrayDataset } from "./array.js";
import type { ClassDataset } from "./dataset.js";

export interface GlyphOptions {
  /** Examples, spread evenly over the classes. */
  count: number;
  /** Default 10. */
  classes?: number;
  /** Height and width in pixels; default 28. */
  size?: number;
  /** Another seed, other examples of the same classes: one for training, one for the test. */
  seed?: number;
  /** Standard deviation of the pixels' noise, of 1 for full ink; default 0.15. */
  noise?: number;
  /** Examples as [size²] (the default) instead of [size, size, 1]. */
  flatten?: boolean;
}

const schema = () =>
  ({
    count: integer({ min: 1 }),
    classes: integer({ min: 1, max: 10_000, default: 10 }),
    size: integer({ min: 8, max: 1024, default: 28 }),
    seed: integer({ max: Number.MAX_SAFE_INTEGER, default: 0 }),
    noise: share(0.15),
    flatten: flag(true),
  }) satisfies Schema<GlyphOptions>;

/**
 * Draws `count` glyphs; example i is of class i modulo `classes`.
 *
 * @example
 * const dataset = glyphs({ count: 100, classes: 4, size: 28, seed: 1 });
 */
export function glyphs(options: GlyphOptions): ClassDataset {
  const { count, classes, size, seed, noise, flatten } = readOptions(where, options, schema);
  const prototypes = Array.from({ length: classes }, (_, label) => prototype(label));
  const painter = new Painter(size);
  const x = new Uint8Array(count * size * size);
  const y = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    y[i] = i % classes;
    painter.draw(
      prototypes[y[i]],
      new Philox(seed, FIRST_STREAM + i),
      noise,
      x.subarray(i * size * size, (i + 1) * size * size),
    );
  }
  return arrayDataset({ x, y, classes, inputShape: flatten ? [size * size] : [size, size, 1] });
}

const where = "glyphs";

/** Example i has a stream of its own, apart from those that parameters of the same seed are drawn from. */
const FIRST_STREAM = 0x80000000;

/** Quadratic Bézier curves, six coordinates each, within [-1, 1]². */
type Strokes = Float64Array[];

/** The key under which the alphabet is drawn; any number would do, but another would be another alphabet. */
const ALPHABET = 2 ** 52 + 2015;
const STROKES = 3;

/** The strokes of a class. Later ones begin on an earlier one, as strokes of letters do. */
function prototype(label: number): Strokes {
  const random = new Philox(ALPHABET, label);
  const coordinate = (): number => 2 * random.uniform() - 1;
  const strokes: Strokes = [];
  for (let s = 0; s < STROKES; s++) {
    const stroke = Float64Array.from({ length: 6 }, coordinate);
    if (s > 0) stroke.set(strokes[random.integer(s)].subarray(2 * random.integer(3)).subarray(0, 2));
    strokes.push(stroke);
  }
  return strokes;
}

/** Straight pieces that a curve is drawn with: at 28 pixels each is about 3 long, bent by less than 0.1. */
const PIECES = 8;

class Painter {
  readonly #size: number;
  /** Squared distance of each pixel's centre to the nearest stroke. */
  readonly #distance: Float64Array;

  constructor(size: number) {
    this.#size = size;
    this.#distance = new Float64Array(size * size);
  }

  /** Writes one glyph to `out`: 0 paper, 255 ink. */
  draw(strokes: Strokes, random: Philox, noise: number, out: Uint8Array): void {
    const size = this.#size;
    const between = (low: number, high: number): number => low + (high - low) * random.uniform();
    // Rotation by angle a from t = tan(a / 2): cos = (1 - t²) / (1 + t²), sin = 2 t / (1 + t²). ±0.36 is ±40 degrees.
    const t = between(-0.36, 0.36);
    const cos = (1 - t * t) / (1 + t * t);
    const sin = (2 * t) / (1 + t * t);
    const slant = between(-0.25, 0.25);
    const [sx, sy] = [between(0.7, 1.1), between(0.7, 1.1)];
    const [dx, dy] = [between(-0.22, 0.22), between(-0.22, 0.22)];
    const unit = 0.36 * size; // pixels per unit of a prototype
    const pen = (between(0.5, 1.1) * size) / 28; // half the stroke's width
    this.#distance.fill(Number.POSITIVE_INFINITY);
    const points = new Float64Array(6);
    for (const stroke of strokes) {
      for (let p = 0; p < 6; p += 2) {
        // The hand trembles: each control point moves a little.
        const px = (stroke[p] + between(-0.12, 0.12)) * sx;
        const py = (stroke[p + 1] + between(-0.12, 0.12)) * sy;
        const slanted = px + slant * py;
        points[p] = size / 2 + unit * (cos * slanted - sin * py + dx);
        points[p + 1] = size / 2 + unit * (sin * slanted + cos * py + dy);
      }
      this.#curve(points, pen + 0.5);
    }
    this.#ink(pen, between(0.6, 1), noise, random.integer(2 ** 31 - 1) + 1, out);
  }

  #curve(points: Float64Array, reach: number): void {
    const [ax, ay, bx, by, cx, cy] = points as unknown as [number, number, number, number, number, number];
    let [x, y] = [ax, ay];
    for (let piece = 1; piece <= PIECES; piece++) {
      const t = piece / PIECES;
      const s = 1 - t;
      const nextX = s * s * ax + 2 * s * t * bx + t * t * cx;
      const nextY = s * s * ay + 2 * s * t * by + t * t * cy;
      this.#line(x, y, nextX, nextY, reach);
      [x, y] = [nextX, nextY];
    }
  }

  /** Lowers the distances of the pixels within `reach` of a straight piece. */
  #line(x0: number, y0: number, x1: number, y1: number, reach: number): void {
    const size = this.#size;
    const distance = this.#distance;
    // Pixel (column, row) has its centre at (column + 0.5, row + 0.5).
    const left = Math.max(0, Math.floor(Math.min(x0, x1) - reach));
    const right = Math.min(size - 1, Math.floor(Math.max(x0, x1) + reach));
    const top = Math.max(0, Math.floor(Math.min(y0, y1) - reach));
    const bottom = Math.min(size - 1, Math.floor(Math.max(y0, y1) + reach));
    const [ex, ey] = [x1 - x0, y1 - y0];
    const inverse = 1 / (ex * ex + ey * ey + 1e-12);
    for (let row = top; row <= bottom; row++) {
      const qy = row + 0.5 - y0;
      for (let column = left; column <= right; column++) {
        const qx = column + 0.5 - x0;
        const along = Math.min(1, Math.max(0, (qx * ex + qy * ey) * inverse));
        const [rx, ry] = [qx - along * ex, qy - along * ey];
        const squared = rx * rx + ry * ry;
        if (squared < distance[row * size + column]) distance[row * size + column] = squared;
      }
    }
  }

  /** Distances to ink, anti-aliased over one pixel at the stroke's edge, and noise. */
  #ink(pen: number, strength: number, noise: number, seed: number, out: Uint8Array): void {
    // Noise per pixel from xorshift32 (Marsaglia 2003), which is plenty for grain: the sum of a word's four bytes is
    // nearly normal, with mean 510 and deviation sqrt(4 (256² - 1) / 12) = 147.8.
    let word = seed;
    const grain = (noise * 255) / 147.8;
    for (let i = 0; i < out.length; i++) {
      const coverage = Math.min(1, Math.max(0, pen + 0.5 - Math.sqrt(this.#distance[i])));
      word ^= word << 13;
      word ^= word >>> 17;
      word ^= word << 5;
      const sum = (word & 255) + ((word >>> 8) & 255) + ((word >>> 16) & 255) + (word >>> 24);
      const value = 255 * strength * coverage + grain * (sum - 510);
      out[i] = Math.min(255, Math.max(0, Math.floor(value + 0.5)));
    }
  }
}

/** Points of a plane, each of one of two classes: what the twins learn where one can see all of it. */
import { normals, onCircle, uniforms } from "./random.js";
import type { Settings } from "./settings.js";

/** Within [-1, 1] both ways; beyond it the noise may throw some. */
export interface Points {
  /** x and y of each point in turn. */
  xy: Float32Array;
  labels: Int32Array;
}

export const POINT_CLASSES = 2;

/** Where point number t in [0, 1) of a class lies, without noise. */
type Curve = (t: number, label: number) => [x: number, y: number];

const CURVES: Record<Exclude<Settings["data"], "own" | "glyphs">, Curve> = {
  // Archimedes' spirals of a turn and three quarters, half a turn apart.
  spirals: (t, label) => {
    const radius = 0.08 + 0.87 * t;
    const [cos, sin] = onCircle(1.75 * t + label / 2);
    return [radius * cos, radius * sin];
  },
  // Half circles, one upside down, each reaching into the other.
  moons: (t, label) => {
    const [cos, sin] = onCircle(t / 2);
    return label === 0 ? [-0.3 + 0.6 * cos, -0.15 + 0.6 * sin] : [0.3 - 0.6 * cos, 0.15 - 0.6 * sin];
  },
  circles: (t, label) => {
    const [cos, sin] = onCircle(t);
    const radius = label === 0 ? 0.35 : 0.8;
    return [radius * cos, radius * sin];
  },
};

/** `count` points, of the classes in turn, at random places of their curves. Other seeds give other places. */
export function drawPoints(kind: keyof typeof CURVES, count: number, noise: number, seed: number): Points {
  const place = uniforms(2 * seed);
  const off = normals(2 * seed + 1);
  const xy = new Float32Array(2 * count);
  const labels = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    labels[i] = i % POINT_CLASSES;
    const [x, y] = CURVES[kind](place(), labels[i]);
    xy[2 * i] = x + noise * off();
    xy[2 * i + 1] = y + noise * off();
  }
  return { xy, labels };
}

/** Own points, as a file or a message has them; null where they are none, or fewer than two. */
export function readPoints(value: unknown): Points | null {
  const { xy, labels } = Object(value) as { xy?: unknown; labels?: unknown };
  const numbers = (list: unknown): number[] | null =>
    (Array.isArray(list) || ArrayBuffer.isView(list)) && Array.from(list as number[]).every(Number.isFinite)
      ? Array.from(list as number[])
      : null;
  const [places, classes] = [numbers(xy), numbers(labels)];
  if (!places || !classes || classes.length < 2 || places.length !== 2 * classes.length) return null;
  if (classes.some((label) => !Number.isInteger(label) || label < 0 || label >= POINT_CLASSES)) return null;
  return { xy: Float32Array.from(places), labels: Int32Array.from(classes) };
}

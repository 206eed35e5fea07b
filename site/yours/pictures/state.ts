/** The pictures of the page: what is looked at now, and the examples of each kind. */
import { signal } from "@preact/signals";
import { glyphs } from "resnet-wasm/data";
import { yours } from "../../text/yours.js";
import type { PictureSet } from "../worker/protocol.js";
import { Board } from "./board.js";
import { isEmpty, readPixels, type Source } from "./pixels.js";

export type Origin = "draw" | "camera" | "file";
export const MOST_CLASSES = 6;

export interface Class {
  /** Stays the same while it is renamed. */
  id: number;
  name: string;
  pictures: Uint8Array[];
}

export const origin = signal<Origin>("draw");
/** Counts changes of what is looked at. */
export const changes = signal(0);
export const board = new Board(() => {
  changes.value++;
});
export const video = signal<HTMLVideoElement | null>(null);
export const still = signal<ImageBitmap | null>(null);

let made = 0;
export const newClass = (name: string, pictures: Uint8Array[] = []): Class => ({ id: made++, name, pictures });
export const classes = signal<Class[]>([newClass(""), newClass("")]);

/** Names that are not given yet are those of their places. */
export const nameOf = ({ name }: { name: string }, place: number): string => name || yours.value.defaultName(place + 1);

/** What is looked at now; null while there is nothing. */
export function look(): Uint8Array | null {
  const sources: Record<Origin, Source | null> = { draw: board.picture, camera: video.value, file: still.value };
  const source = sources[origin.value];
  if (!source || (source instanceof HTMLVideoElement && source.readyState < source.HAVE_CURRENT_DATA)) return null;
  const pixels = readPixels(source);
  return isEmpty(pixels) ? null : pixels;
}

export const readFile = async (file: Blob): Promise<Uint8Array> => readPixels(await createImageBitmap(file));

export function pictureSet(): PictureSet {
  return {
    names: classes.value.map(nameOf),
    pictures: classes.value.flatMap(({ pictures }, label) => pictures.map((pixels) => ({ label, pixels }))),
  };
}
export const isComplete = (): boolean => classes.value.every(({ pictures }) => pictures.length > 0);

const SHAPES = 40;
const GLYPH = 28;
const AT_ONCE = 8;
let shown = 1000;

/** Pictures of invented letters, drawn a few at a time so that the page goes on. */
export async function sampleClasses(): Promise<Class[]> {
  const list = yours.value.shapes.map((name) => newClass(name));
  for (let at = 0; at < SHAPES * list.length; at += AT_ONCE) {
    for (const { label, canvas } of drawGlyphs(AT_ONCE, 1 + at)) list[label].pictures.push(readPixels(canvas));
    await new Promise((resolve) => setTimeout(resolve));
  }
  // The board has one that is not among them.
  board.show(drawGlyphs(1, shown++)[0].canvas);
  return list;
}

function drawGlyphs(count: number, seed: number): { label: number; canvas: OffscreenCanvas }[] {
  const drawn = glyphs({ count, classes: yours.value.shapes.length, seed, noise: 0.03 });
  const grey = new Float32Array(GLYPH * GLYPH);
  const label = new Int32Array(1);
  return Array.from({ length: drawn.length }, (_, i) => {
    drawn.get([i], grey, label);
    const image = new ImageData(GLYPH, GLYPH);
    grey.forEach((value, p) => {
      image.data.fill(Math.round(255 * value), 4 * p, 4 * p + 3);
      image.data[4 * p + 3] = 255;
    });
    const canvas = new OffscreenCanvas(GLYPH, GLYPH);
    canvas.getContext("2d")?.putImageData(image, 0, 0);
    return { label: label[0], canvas };
  });
}

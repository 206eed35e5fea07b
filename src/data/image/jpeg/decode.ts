/**
 * JPEG files of baseline and progressive Huffman coding, 8 bits a sample: the same pixels as libjpeg-turbo, and so
 * Pillow, makes of them. Markers and their segments: T.81, annex B; colour spaces: JFIF 1.02 and Adobe's technical note
 * 5116.
 */
import { Damage } from "../damage.js";
import { exifOrientation, type Orientation } from "../orientation.js";
import type { Image } from "../pixels.js";
import { HuffmanTable } from "./bits.js";
import { type ColourSpace, toPixels } from "./colour.js";
import { allocate, type Component, type Frame, readFrame } from "./frame.js";
import { inverseTransform } from "./idct.js";
import { readScan, type Scan, ZIGZAG } from "./scan.js";

/**
 * Scans of a file at most. Programs write ten or so; a scan of a few bytes may go through all blocks, so that thousands of
 * them would take minutes.
 */
const MAX_SCANS = 100;

/** For scans that read no codes of a kind. */
const NO_CODES = /* @__PURE__ */ new HuffmanTable(new Uint8Array(16), new Uint8Array(0));

/** What segments before a scan leave behind. */
interface Tables {
  quantisation: (Uint16Array | undefined)[];
  /** Index 0 … 3: DC, 4 … 7: AC. */
  huffman: (HuffmanTable | undefined)[];
  restartInterval: number;
}

/**
 * Pixels of a JPEG file: 1 channel for grey, 3 (RGB) otherwise, CMYK included. Beside the file and the pixels it takes the
 * samples, at most 1 byte a pixel and component, and for progressive files 2 bytes more, all bounded by `maxPixels`.
 */
export function decodeJpeg(bytes: Uint8Array, maxPixels: number): { image: Image; orientation: Orientation } {
  const tables: Tables = { quantisation: [], huffman: [], restartInterval: 0 };
  let frame: Frame | undefined;
  let orientation: Orientation = 1;
  let jfif = false;
  let adobe: number | undefined;
  let scans = 0;

  for (let at = 2; ; ) {
    at = nextMarker(bytes, at);
    const marker = bytes[at + 1];
    at += 2;
    if (marker === undefined) {
      // A file may lack the end of image alone. Progressive scans could be missing with it.
      if (frame && !frame.progressive && scans > 0) break;
      throw new Damage("file", "an end of image", `its end after ${bytes.length} bytes`);
    }
    if (marker === 0xd9) break;
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) continue; // markers without a segment
    const length = at + 2 <= bytes.length ? bytes[at] * 256 + bytes[at + 1] : 0;
    if (length < 2 || at + length > bytes.length)
      throw new Damage("file", `a whole segment at byte ${at}`, `its end after ${bytes.length} bytes`);
    const segment = bytes.subarray(at + 2, at + length);
    at += length;
    if (marker === 0xdb) readQuantisation(segment, tables);
    else if (marker === 0xc4) readHuffman(segment, tables);
    else if (marker === 0xdd && segment.length === 2) tables.restartInterval = segment[0] * 256 + segment[1];
    else if (marker === 0xe0) jfif ||= startsWith(segment, "JFIF\0");
    else if (marker === 0xe1 && startsWith(segment, "Exif\0")) orientation = exifOrientation(segment.subarray(6));
    else if (marker === 0xee && startsWith(segment, "Adobe") && segment.length >= 12) adobe = segment[11];
    else if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc8 && marker !== 0xcc) {
      if (frame) throw new Damage("file", "one frame", "another");
      frame = readFrame(marker, segment, maxPixels, bytes.length);
    } else if (marker === 0xda) {
      if (!frame) throw new Damage("file", "a frame header before scans", "none");
      if (scans === 0) allocate(frame);
      if (++scans > MAX_SCANS) throw new Damage("file", `at most ${MAX_SCANS} scans`, "more");
      at = readScan(frame, scanHeader(segment, frame, tables), bytes, at);
    }
  }
  if (!frame) throw new Damage("file", "a frame header", "none");
  const { width, height } = frame;
  for (const component of frame.components) finish(component, frame);
  return { image: { data: toPixels(frame, colourSpace(frame, jfif, adobe)), width, height }, orientation };
}

const startsWith = (segment: Uint8Array, text: string): boolean =>
  Array.from(text).every((letter, i) => segment[i] === letter.charCodeAt(0));

/** The next marker from `at` on, or the end: fill bytes, and what encoders leave after a scan, are passed over. */
function nextMarker(bytes: Uint8Array, at: number): number {
  for (;;) {
    at = bytes.indexOf(0xff, at);
    if (at < 0) return bytes.length;
    const code = bytes[at + 1];
    if (code !== 0 && code !== 0xff) return at;
    at++;
  }
}

/** DQT (B.2.4.1): steps in zigzag order, of 8 or 16 bits. */
function readQuantisation(segment: Uint8Array, { quantisation }: Tables): void {
  for (let at = 0; at < segment.length; ) {
    const [size, index] = [(segment[at] >> 4) + 1, segment[at] & 15];
    if (size > 2 || index > 3 || at + 1 + 64 * size > segment.length)
      throw new Damage("quantisation table", "64 steps of 8 or 16 bits", `${segment.length - at} bytes`);
    at++;
    const steps = new Uint16Array(64);
    for (let k = 0; k < 64; k++, at += size)
      steps[ZIGZAG[k]] = size === 1 ? segment[at] : segment[at] * 256 + segment[at + 1];
    quantisation[index] = steps;
  }
}

/** DHT (B.2.4.2): numbers of codes by length, and their symbols. */
function readHuffman(segment: Uint8Array, { huffman }: Tables): void {
  for (let at = 0; at < segment.length; ) {
    const [kind, index] = [segment[at] >> 4, segment[at] & 15];
    const counts = segment.subarray(at + 1, at + 17);
    const total = counts.reduce((sum, count) => sum + count, 0);
    if (kind > 1 || index > 3 || counts.length < 16 || total > 256 || at + 17 + total > segment.length)
      throw new Damage("Huffman table", "16 counts and as many symbols", `${segment.length - at} bytes`);
    huffman[4 * kind + index] = new HuffmanTable(counts, segment.subarray(at + 17, at + 17 + total));
    at += 17 + total;
  }
}

/** SOS (B.2.3): which coefficients of which components come, and by which tables. */
function scanHeader(segment: Uint8Array, frame: Frame, tables: Tables): Scan {
  const count = segment[0] ?? 0;
  if (count < 1 || count > 4 || segment.length !== 4 + 2 * count)
    throw new Damage("scan header", "1 to 4 components", `${count} in ${segment.length} bytes`);
  const spectral = segment.subarray(1 + 2 * count);
  const [first, last, high, low] = frame.progressive
    ? [spectral[0], spectral[1], spectral[2] >> 4, spectral[2] & 15]
    : [0, 63, 0, 0];
  const parts = Array.from({ length: count }, (_, i) => {
    const [id, selectors] = [segment[1 + 2 * i], segment[2 + 2 * i]];
    const component = frame.components.find((each) => each.id === id);
    if (!component) throw new Damage("scan header", "components of the frame", id);
    const table = (needed: boolean, index: number): HuffmanTable => {
      const found = tables.huffman[index];
      if (needed && !found) throw new Damage("scan", `Huffman table ${index & 3}`, "none");
      return found ?? NO_CODES;
    };
    const dc = table(first === 0 && high === 0, selectors >> 4 > 3 ? 8 : selectors >> 4);
    const ac = table(last > 0, (selectors & 15) > 3 ? 8 : 4 + (selectors & 15));
    return { component, dc, ac, before: 0 };
  });
  const components = parts.map(({ component }) => component);
  if (new Set(components).size < count) throw new Damage("scan header", "different components", "one twice");
  const blocks = components.reduce((sum, { h, v }) => sum + h * v, 0);
  if (count > 1 && blocks > 10) throw new Damage("scan header", "at most 10 blocks a unit", blocks);
  if (frame.progressive) checkProgression(components, first, last, high, low);
  for (const component of components) {
    if (component.steps.length > 0) {
      if (!frame.progressive) throw new Damage("file", "one scan a component", "another");
      continue;
    }
    const steps = tables.quantisation[component.quantisation];
    if (!steps) throw new Damage("scan", `quantisation table ${component.quantisation}`, "none");
    component.steps = steps;
  }
  return { parts, first, last, high, low, restartInterval: tables.restartInterval };
}

/** Each scan brings what is next, DC before AC (G.1.1.1): so their work is bounded by the image's size. */
function checkProgression(components: Component[], first: number, last: number, high: number, low: number): void {
  const inOrder =
    first <= last &&
    last <= 63 &&
    (first > 0 ? components.length === 1 && components[0].missing[0] >= 0 : last === 0) &&
    (high === 0 ? low <= 13 : low === high - 1) &&
    components.every(({ missing }) => missing.subarray(first, last + 1).every((bits) => bits === (high || -1)));
  if (!inOrder) {
    const got = `coefficients ${first} to ${last}, bits ${high} to ${low}`;
    throw new Damage("scan header", "the next of a progression", got);
  }
  for (const { missing } of components) missing.fill(low, first, last + 1);
}

/** Samples of a progressive component, whose coefficients are no longer needed. */
function finish(component: Component, { progressive }: Frame): void {
  const { steps, coefficients, blocksWide, blocksHigh } = component;
  if (steps.length === 0) throw new Damage("file", `a scan of component ${component.id}`, "none");
  if (!progressive) return;
  const stride = blocksWide * 8;
  component.samples = new Uint8Array(stride * blocksHigh * 8);
  for (let row = 0, from = 0; row < blocksHigh; row++)
    for (let column = 0; column < blocksWide; column++, from += 64)
      inverseTransform(coefficients, from, steps, component.samples, row * 8 * stride + column * 8, stride);
  component.coefficients = new Int16Array(0);
}

/** As libjpeg decides: JFIF files are YCbCr; then Adobe's marker counts, then the components' names. */
function colourSpace({ components }: Frame, jfif: boolean, adobe: number | undefined): ColourSpace {
  if (components.length === 1) return "grey";
  if (components.length === 4) return adobe === undefined || adobe === 0 ? "CMYK" : "YCCK";
  if (jfif) return "YCbCr";
  if (adobe !== undefined) return adobe === 0 ? "RGB" : "YCbCr";
  return String.fromCharCode(...components.map(({ id }) => id)) === "RGB" ? "RGB" : "YCbCr";
}

/** What the frame header (SOF) of a JPEG file says: size, components and their sampling (T.81, A.1 and B.2.2). */
import { checkPixels, Damage } from "../damage.js";

/** One colour component, stored at the frame's resolution or less. */
export interface Component {
  id: number;
  /** Samples across and down in a minimum coded unit, in blocks of 8 x 8. */
  h: number;
  v: number;
  /** Which of the four quantisation tables. */
  quantisation: number;
  /** Its own size in samples. */
  width: number;
  height: number;
  /** Blocks in memory: whole minimum coded units. */
  blocksWide: number;
  blocksHigh: number;
  /** Quantisation steps as they were when the component's first scan began; none before. */
  steps: Uint16Array;
  /** Samples, 8 · blocksWide a row. */
  samples: Uint8Array;
  /** Progressive files alone: quantised coefficients, 64 a block, in order of rows. */
  coefficients: Int16Array;
  /**
   * Progressive files alone, by block: whether an AC coefficient is not 0. Scans go past other blocks without a look at
   * their 63 zeros, so that a few bytes which refine nothing cost little time.
   */
  busy: Uint8Array;
  /** Progressive files alone, by zigzag index: how many low bits are still missing; -1 before the first scan. */
  missing: Int8Array;
}

export interface Frame {
  progressive: boolean;
  width: number;
  height: number;
  components: Component[];
  /** The largest h and v. */
  hMax: number;
  vMax: number;
  /** Minimum coded units of interleaved scans across and down. */
  unitsWide: number;
  unitsHigh: number;
}

/** What the other frame markers announce. */
const OTHERS: Record<number, string> = {
  195: "lossless",
  197: "hierarchical",
  198: "hierarchical progressive",
  199: "hierarchical lossless",
  201: "arithmetic coding",
  202: "arithmetic coding, progressive",
  203: "arithmetic coding, lossless",
  205: "arithmetic coding, hierarchical",
  206: "arithmetic coding, hierarchical progressive",
  207: "arithmetic coding, hierarchical lossless",
};

const KNOWN = "baseline or progressive Huffman coding of 8 bits";

/** Reads the header after the marker SOF of code `marker`; `fileBytes` bounds what the file may claim. */
export function readFrame(marker: number, segment: Uint8Array, maxPixels: number, fileBytes: number): Frame {
  const hint = "Save it again as an ordinary JPEG or PNG";
  if (marker in OTHERS) throw new Damage("JPEG", KNOWN, OTHERS[marker], hint);
  const [precision, h1, h0, w1, w0, count] = segment;
  if (!(segment.length >= 6) || segment.length !== 6 + 3 * count)
    throw new Damage("frame header", "6 bytes and 3 a component", `${segment.length} bytes`);
  if (precision !== 8) throw new Damage("JPEG", KNOWN, `${precision} bits`, hint);
  const [width, height] = [w1 * 256 + w0, h1 * 256 + h0];
  if (height === 0) throw new Damage("frame header", "a height", "0, to be defined later (DNL)", hint);
  checkPixels(width, height, maxPixels);
  if (count !== 1 && count !== 3 && count !== 4) throw new Damage("frame header", "1, 3 or 4 components", count);

  const parts = Array.from({ length: count }, (_, i) => segment.subarray(6 + 3 * i, 9 + 3 * i));
  const sampling = parts.map(([id, factors, quantisation]) => ({
    id,
    h: factors >> 4,
    v: factors & 15,
    quantisation,
  }));
  const hMax = Math.max(...sampling.map(({ h }) => h));
  const vMax = Math.max(...sampling.map(({ v }) => v));
  for (const { id, h, v, quantisation } of sampling) {
    if (!(h >= 1 && h <= 4 && v >= 1 && v <= 4))
      throw new Damage("sampling", "1 to 4 in each direction", `${h} x ${v}`);
    if (hMax % h || vMax % v) throw new Damage("sampling", `divisors of ${hMax} x ${vMax}`, `${h} x ${v}`, hint);
    if (quantisation > 3) throw new Damage("frame header", "quantisation tables 0 to 3", quantisation);
    if (sampling.filter((other) => other.id === id).length > 1)
      throw new Damage("frame header", "different component ids", `${id} twice`);
  }
  const progressive = marker === 0xc2;
  const unitsWide = Math.ceil(width / (8 * hMax));
  const unitsHigh = Math.ceil(height / (8 * vMax));
  const components = sampling.map((each): Component => {
    return {
      ...each,
      width: Math.ceil((width * each.h) / hMax),
      height: Math.ceil((height * each.v) / vMax),
      blocksWide: unitsWide * each.h,
      blocksHigh: unitsHigh * each.v,
      steps: new Uint16Array(0),
      samples: new Uint8Array(0),
      coefficients: new Int16Array(0),
      busy: new Uint8Array(0),
      missing: new Int8Array(64).fill(-1),
    };
  });

  // Each block takes a bit at least, for its DC coefficient; in sequential files another for the end of the block.
  const blocks = components.reduce((sum, c) => sum + Math.ceil(c.width / 8) * Math.ceil(c.height / 8), 0);
  const least = Math.ceil((blocks * (progressive ? 1 : 2)) / 8);
  if (fileBytes < least)
    throw new Damage("file", `at least ${least} bytes for ${width} x ${height} pixels`, `${fileBytes} bytes`);
  return { progressive, width, height, components, hMax, vMax, unitsWide, unitsHigh };
}

/** Asks for the memory of the components. */
export function allocate({ progressive, components }: Frame): void {
  for (const component of components) {
    const size = component.blocksWide * component.blocksHigh * 64;
    if (progressive) {
      component.coefficients = new Int16Array(size);
      component.busy = new Uint8Array(size / 64);
    } else component.samples = new Uint8Array(size);
  }
}

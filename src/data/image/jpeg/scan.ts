/**
 * A scan of a JPEG file: the coefficients of some components, whole (sequential) or in part (progressive). T.81,
 * sections A.2 (order of blocks), F.2.2 (sequential decoding) and G.2 (progressive decoding).
 */
import { Damage } from "../damage.js";
import { BitReader, type HuffmanTable } from "./bits.js";
import type { Component, Frame } from "./frame.js";
import { inverseTransform } from "./idct.js";

/** A component in a scan, with its tables. */
export interface ScanPart {
  component: Component;
  dc: HuffmanTable;
  ac: HuffmanTable;
  /** DC coefficient of the block before. */
  before: number;
}

export interface Scan {
  parts: ScanPart[];
  /** Zigzag indices of the first and last coefficient: Ss, Se. */
  first: number;
  last: number;
  /** Progressive: low bits that were missing before this scan (0: all) and are after it: Ah, Al. */
  high: number;
  low: number;
  /** Units between restart markers, 0 for none. */
  restartInterval: number;
}

/** Place in the block, row by row, of the coefficient with each zigzag index: along the diagonals, up and down in turns. */
export const ZIGZAG = Uint8Array.from(
  Array.from({ length: 15 }, (_, diagonal) => {
    const rows = Array.from({ length: 8 }, (_, row) => row).filter((row) => diagonal - row >= 0 && diagonal - row < 8);
    return (diagonal % 2 ? rows : rows.reverse()).map((row) => row * 8 + diagonal - row);
  }).flat(),
);

/** Decodes the scan whose data begin at `at`; returns where they end. */
export function readScan(frame: Frame, scan: Scan, bytes: Uint8Array, at: number): number {
  const reader = new BitReader(bytes, at);
  const { parts, restartInterval } = scan;
  const state = { eobRun: 0 };
  const decode = frame.progressive ? progressive(scan, reader, state) : sequential(reader);
  let unit = 0;
  const beginUnit = (): void => {
    if (restartInterval > 0 && unit > 0 && unit % restartInterval === 0) {
      reader.restart((unit / restartInterval - 1) & 7);
      state.eobRun = 0;
      for (const part of parts) part.before = 0;
    }
    unit++;
  };

  if (parts.length === 1) {
    // Blocks row by row, those alone that hold samples.
    const part = parts[0];
    const [wide, high] = [Math.ceil(part.component.width / 8), Math.ceil(part.component.height / 8)];
    for (let row = 0; row < high; row++) {
      for (let column = 0; column < wide; column++) {
        beginUnit();
        decode(part, row, column);
      }
      reader.check();
    }
    return reader.at;
  }
  for (let down = 0; down < frame.unitsHigh; down++) {
    for (let across = 0; across < frame.unitsWide; across++) {
      beginUnit();
      for (const part of parts) {
        const { h, v } = part.component;
        for (let i = 0; i < v; i++) for (let j = 0; j < h; j++) decode(part, down * v + i, across * h + j);
      }
    }
    reader.check();
  }
  return reader.at;
}

type DecodeBlock = (part: ScanPart, row: number, column: number) => void;

const beyond = (): Damage => new Damage("scan", "64 coefficients a block", "more");

/** Blocks come whole, and become samples at once. */
function sequential(reader: BitReader): DecodeBlock {
  const block = new Int16Array(64);
  return (part, row, column) => {
    const { component, dc, ac } = part;
    block.fill(0);
    part.before += reader.signed(dcSize(reader.symbol(dc)));
    block[0] = part.before;
    for (let k = 1; k < 64; k++) {
      const symbol = reader.symbol(ac);
      const size = symbol & 15;
      if (size === 0) {
        if (symbol !== 0xf0) break; // end of block
        k += 15;
        continue;
      }
      k += symbol >> 4;
      if (k > 63) throw beyond();
      block[ZIGZAG[k]] = reader.signed(size);
    }
    const stride = component.blocksWide * 8;
    inverseTransform(block, 0, component.steps, component.samples, row * 8 * stride + column * 8, stride);
  };
}

/** Differences of DC coefficients of 8-bit samples have 11 bits at most (table F.1). */
function dcSize(symbol: number): number {
  if (symbol <= 11) return symbol;
  throw new Damage("scan", "DC differences of at most 11 bits", symbol);
}

/** One of the four kinds of progressive scans: DC or AC coefficients, first bits or one bit more. */
function progressive(scan: Scan, reader: BitReader, state: { eobRun: number }): DecodeBlock {
  const { first, last, high, low } = scan;
  const place = (decode: (coefficients: Int16Array, block: number, part: ScanPart) => void): DecodeBlock => {
    return (part, row, column) => {
      const { coefficients, blocksWide } = part.component;
      decode(coefficients, row * blocksWide + column, part);
    };
  };
  if (first === 0 && high === 0)
    return place((coefficients, block, part) => {
      part.before += reader.signed(dcSize(reader.symbol(part.dc)));
      coefficients[block * 64] = part.before << low;
    });
  if (first === 0)
    return place((coefficients, block) => {
      coefficients[block * 64] |= reader.bits(1) << low;
    });

  /** Length of a run of blocks without further coefficients, this one included (table G.1). */
  const endOfBands = (size: number): number => (1 << size) + (size > 0 ? reader.bits(size) : 0);
  if (high === 0)
    return place((coefficients, block, { ac, component }) => {
      if (state.eobRun > 0) {
        state.eobRun--;
        return;
      }
      for (let k = first; k <= last; k++) {
        const symbol = reader.symbol(ac);
        const [run, size] = [symbol >> 4, symbol & 15];
        if (size === 0 && run < 15) {
          state.eobRun = endOfBands(run) - 1;
          return;
        }
        k += run;
        if (size === 0) continue;
        if (k > last) throw beyond();
        coefficients[block * 64 + ZIGZAG[k]] = reader.signed(size) << low;
        component.busy[block] = 1;
      }
    });

  const bit = 1 << low;
  /** One bit more for a coefficient that is not 0 (G.1.2.3). */
  const refine = (coefficients: Int16Array, i: number): void => {
    const value = coefficients[i];
    if (reader.bits(1) && (value & bit) === 0) coefficients[i] = value + (value > 0 ? bit : -bit);
  };
  return place((coefficients, block, { ac, component }) => {
    const at = block * 64;
    let k = first;
    for (; state.eobRun === 0 && k <= last; k++) {
      const symbol = reader.symbol(ac);
      let run = symbol >> 4;
      let value = 0;
      if ((symbol & 15) > 0) value = reader.bits(1) ? bit : -bit;
      else if (run < 15) {
        state.eobRun = endOfBands(run);
        break;
      }
      // Past `run` coefficients that stay 0, and those before them that are not.
      for (; k <= last; k++) {
        const i = at + ZIGZAG[k];
        if (coefficients[i] !== 0) refine(coefficients, i);
        else if (run-- === 0) break;
      }
      if (value === 0) continue;
      if (k > last) throw beyond();
      coefficients[at + ZIGZAG[k]] = value;
      component.busy[block] = 1;
    }
    if (state.eobRun === 0) return;
    for (; k <= last && component.busy[block]; k++) {
      const i = at + ZIGZAG[k];
      if (coefficients[i] !== 0) refine(coefficients, i);
    }
    state.eobRun--;
  });
}

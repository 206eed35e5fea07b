// Weights s8 [oc][kh][kw][ic] in the form that s8_conv2d reads: for each panel of 8 columns (output channels) their
// multipliers and their offsets, for each whether it is narrow, and the panels as in ukernel.ts, the last one filled up
// with zeros. Inputs under a filter row are kw * ic bytes, and a row is filled up to whole quads; with dilation each
// tap is. The whole is filled up to an even number of quads.
import { S8Conv2dPackRecord } from "../generated/records";

/** A result is sum * multiplier + offset, in units of the output; sum holds xZero for each weight too much. */
export function s8_conv2d_pack(r: S8Conv2dPackRecord, part: i32, parts: i32): void {
  const packed = r.packed, oc = r.oc, quads = r.quads, segments = r.segments, length = r.length;
  const panels = (oc + 7) >> 3, bytes = <usize>quads << 5, segmentQuads = (length + 3) >> 2;
  for (let q = panels * part / parts, last = panels * (part + 1) / parts; q < last; q++) {
    const panel = packed + r.panels + <usize>q * bytes;
    memory.fill(panel, 0, bytes);
    let narrow = 1;
    for (let column: usize = 0; column < 8; column++) {
      const j = q * 8 + <i32>column, at = <usize>j << 2;
      let sum = 0, m: f64 = 0, offset: f64 = 0;
      if (j < oc) {
        let from = r.filter + <usize>(j * segments * length);
        for (let s = 0; s < segments; s++) {
          for (let i = 0; i < length; i++) {
            const w = load<i8>(from++);
            sum += w;
            store<i8>(panel + place(s * segmentQuads + (i >> 2), column, i & 3), w);
          }
        }
        if (!fits(panel, column, quads)) narrow = 0;
        m = <f64>r.xScale * <f64>load<f32>(r.scales + at) / <f64>r.yScale;
        offset = <f64>load<f32>(r.bias + at) / <f64>r.yScale + <f64>r.shift - <f64>r.xZero * <f64>sum * m;
      }
      const to = packed + r.columns + (<usize>q << 6) + (column << 2);
      store<f32>(to, <f32>m);
      store<f32>(to, <f32>offset, 32);
    }
    store<i32>(packed + r.narrow + (<usize>q << 2), narrow);
  }
}

/** Where a weight stands in its panel. */
// @ts-ignore: decorator
@inline
function place(quad: i32, column: usize, i: i32): usize {
  if (ASC_FEATURE_RELAXED_SIMD) return (<usize>quad << 5) + (column << 2) + <usize>i;
  return (<usize>quad << 5) + (<usize>(i >> 1) << 4) + (column << 1) + <usize>(i & 1);
}

/**
 * Whether the sums of two quads' products stay within 16 bits: those that s8_ukernel_narrow_4x8 adds up in a lane.
 * Inputs are 0 to 127, so at worst all positive weights or all negative ones count: 258 * 127 = 32766.
 */
function fits(panel: usize, column: usize, quads: i32): bool {
  for (let q = 0; q < quads; q += 2) {
    for (let half = 0; half < 4; half += 2) {
      let above = 0, below = 0;
      for (let i = 0; i < 4; i++) {
        const w = <i32>load<i8>(panel + place(q + (i >> 1), column, half + (i & 1)));
        if (w > 0) above += w;
        else below -= w;
      }
      if (above > 258 || below > 258) return false;
    }
  }
  return true;
}

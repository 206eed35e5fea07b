// Max pooling of u7, NHWC: the largest byte is the largest number. Padding has none, so it counts as 0, the smallest.
import { U8MaxPoolRecord } from "../generated/records";
import { end_tap, first_tap } from "../pool/window";

export function u8_max_pool(r: U8MaxPoolRecord, part: i32, parts: i32): void {
  const x = r.x, h = r.h, w = r.w, c = r.c, oh = r.oh, ow = r.ow, kh = r.kh, kw = r.kw;
  const strideH = r.strideH, strideW = r.strideW, dilationH = r.dilationH, dilationW = r.dilationW;
  const padTop = r.padTop, padLeft = r.padLeft;
  const rowStep = <usize>(dilationH * w * c), colStep = <usize>(dilationW * c);
  const rows = r.batch * oh;
  let to = r.y + <usize>(rows * part / parts * ow * c);
  for (let row = rows * part / parts, last = rows * (part + 1) / parts; row < last; row++) {
    const top = row % oh * strideH - padTop;
    const ky = first_tap(top, dilationH), tall = end_tap(top, dilationH, kh, h) - ky;
    const line = x + <usize>((row / oh * h + top + ky * dilationH) * w * c);
    for (let j = 0; j < ow; j++) {
      const left = j * strideW - padLeft;
      const kx = first_tap(left, dilationW), wide = end_tap(left, dilationW, kw, w) - kx;
      const from = line + <usize>((left + kx * dilationW) * c);
      let k = 0;
      for (; k + 16 <= c; k += 16) {
        let greatest = i8x16.splat(0), p = from + <usize>k;
        for (let i = 0; i < tall; i++) {
          let q = p;
          for (let l = 0; l < wide; l++) {
            greatest = i8x16.max_u(greatest, v128.load(q));
            q += colStep;
          }
          p += rowStep;
        }
        v128.store(to + <usize>k, greatest);
      }
      for (; k < c; k++) {
        let greatest: u32 = 0;
        for (let i = 0; i < tall; i++) {
          for (let l = 0; l < wide; l++) {
            greatest = max(greatest, <u32>load<u8>(from + <usize>k + <usize>i * rowStep + <usize>l * colStep));
          }
        }
        store<u8>(to + <usize>k, <u8>greatest);
      }
      to += c;
    }
  }
}

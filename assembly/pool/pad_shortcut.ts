// The parameterless shortcut of He et al. (option A): every stride-th pixel, with channels of zeros before and after.
import { PadShortcutDxRecord, PadShortcutRecord } from "../generated/records";

/** y[n][i][j] = `front` zeros, x[n][i * stride][j * stride], zeros up to oc channels. */
export function f32_pad_shortcut(r: PadShortcutRecord, part: i32, parts: i32): void {
  const x = r.x, y = r.y, batch = r.batch, h = r.h, w = r.w, ic = r.ic, oh = r.oh, ow = r.ow, oc = r.oc;
  const stride = r.stride, front = r.front;

  const head = <usize>front << 2, body = <usize>ic << 2, tail = <usize>(oc - front - ic) << 2;
  const rows = batch * oh;
  let to = y + (<usize>(rows * part / parts * ow * oc) << 2);
  for (let row = rows * part / parts, last = rows * (part + 1) / parts; row < last; row++) {
    let from = x + <usize>((row / oh * h + row % oh * stride) * w) * body;
    for (let j = 0; j < ow; j++) {
      memory.fill(to, 0, head);
      memory.copy(to + head, from, body);
      memory.fill(to + head + body, 0, tail);
      from += <usize>stride * body;
      to += head + body + tail;
    }
  }
}

/** dx[n][i * stride][j * stride] = ic channels of dy[n][i][j] from `front` on; 0 elsewhere. */
export function f32_pad_shortcut_dx(r: PadShortcutDxRecord, part: i32, parts: i32): void {
  const dy = r.dy, dx = r.dx, batch = r.batch, h = r.h, w = r.w, ic = r.ic, oh = r.oh, ow = r.ow, oc = r.oc;
  const stride = r.stride, front = r.front;

  const body = <usize>ic << 2;
  const rows = batch * h;
  for (let row = rows * part / parts, last = rows * (part + 1) / parts; row < last; row++) {
    const to = dx + <usize>(row * w) * body;
    memory.fill(to, 0, <usize>w * body);
    const i = row % h;
    if (i % stride != 0) continue;
    let from = dy + (<usize>(((row / h * oh + i / stride) * ow) * oc + front) << 2);
    for (let j = 0; j < ow; j++) {
      memory.copy(to + <usize>(j * stride) * body, from, body);
      from += <usize>oc << 2;
    }
  }
}

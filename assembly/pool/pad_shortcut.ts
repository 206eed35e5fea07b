// The parameterless shortcut of He et al. (option A): every stride-th pixel, with channels of zeros before and behind.
import { i32_arg, ptr_arg } from "../record";

/** y[n][i][j] = `front` zeros, x[n][i * stride][j * stride], zeros up to oc channels. */
export function f32_pad_shortcut(r: usize, thread: i32, threads: i32): void {
  const x = ptr_arg(r, 0);
  const y = ptr_arg(r, 1);
  const batch = i32_arg(r, 2);
  const h = i32_arg(r, 3);
  const w = i32_arg(r, 4);
  const ic = i32_arg(r, 5);
  const oh = i32_arg(r, 6);
  const ow = i32_arg(r, 7);
  const oc = i32_arg(r, 8);
  const stride = i32_arg(r, 9);
  const front = i32_arg(r, 10);

  const head = <usize>front << 2, body = <usize>ic << 2, tail = <usize>(oc - front - ic) << 2;
  const rows = batch * oh;
  let to = y + (<usize>(rows * thread / threads * ow * oc) << 2);
  for (let row = rows * thread / threads, last = rows * (thread + 1) / threads; row < last; row++) {
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
export function f32_pad_shortcut_dx(r: usize, thread: i32, threads: i32): void {
  const dy = ptr_arg(r, 0);
  const dx = ptr_arg(r, 1);
  const batch = i32_arg(r, 2);
  const h = i32_arg(r, 3);
  const w = i32_arg(r, 4);
  const ic = i32_arg(r, 5);
  const oh = i32_arg(r, 6);
  const ow = i32_arg(r, 7);
  const oc = i32_arg(r, 8);
  const stride = i32_arg(r, 9);
  const front = i32_arg(r, 10);

  const body = <usize>ic << 2;
  const rows = batch * h;
  for (let row = rows * thread / threads, last = rows * (thread + 1) / threads; row < last; row++) {
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

// A band of an image with its zero padding: the slab. Convolutions read it in place of the image, so that no kernel
// has to look where the border is.

/**
 * Copies rows [top, top + rows) and columns [left, left + cols) of one image x [h][w][c], zeros where they lie outside.
 */
export function copy_slab(x: usize, h: i32, w: i32, c: i32, top: i32, left: i32, rows: i32, cols: i32,
  dst: usize): void {
  const pixel = <usize>c << 2;
  const begin = min(max(-left, 0), cols); // columns [begin, end) of the slab come from the image
  const end = max(min(cols, w - left), begin);
  const head = <usize>begin * pixel, body = <usize>(end - begin) * pixel, tail = <usize>(cols - end) * pixel;
  for (let i = 0; i < rows; i++) {
    const iy = top + i;
    if (iy < 0 || iy >= h || body == 0) {
      memory.fill(dst, 0, head + body + tail);
      dst += head + body + tail;
      continue;
    }
    if (head) memory.fill(dst, 0, head);
    dst += head;
    memory.copy(dst, x + (<usize>iy * w + left + begin) * pixel, body);
    dst += body;
    if (tail) memory.fill(dst, 0, tail);
    dst += tail;
  }
}

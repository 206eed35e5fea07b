/** Pictures of few pixels on a canvas, as sharp squares. */
import { useLayoutEffect, useRef } from "preact/hooks";

interface PixelsProps {
  width: number;
  height: number;
  /** CSS pixels for each pixel. */
  zoom: number;
  label: string;
  /** Red, green and blue of a pixel, from 0 to 255. */
  colour: (x: number, y: number) => readonly [number, number, number];
}

export function Pixels({ width, height, zoom, label, colour }: PixelsProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    const image = context.createImageData(width * zoom, height * zoom);
    for (let y = 0; y < height * zoom; y++)
      for (let x = 0; x < width * zoom; x++) {
        const at = 4 * (y * width * zoom + x);
        image.data.set(colour(Math.floor(x / zoom), Math.floor(y / zoom)), at);
        image.data[at + 3] = 255;
      }
    context.putImageData(image, 0, 0);
  });
  return (
    <canvas ref={canvas} class="pixels" width={width * zoom} height={height * zoom} role="img" aria-label={label} />
  );
}

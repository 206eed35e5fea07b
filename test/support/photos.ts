// Pictures of two kinds in folders, drawn by a seed: rings and stripes of all colours, sizes and places, on all grounds.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encode } from "fast-png";
import { Philox } from "../../src/core/random.js";

export const KINDS = ["rings", "stripes"] as const;

const [WIDTH, HEIGHT] = [160, 120];

function draw(kind: (typeof KINDS)[number], random: Philox): Uint8Array {
  const between = (from: number, to: number) => from + (to - from) * random.uniform();
  const colour = () => [0, 1, 2].map(() => between(0, 255));
  const [ground, ink] = [colour(), colour()];
  // Apart enough to be seen.
  if (Math.hypot(...ground.map((value, i) => value - ink[i]!)) < 120) return draw(kind, random);
  const [period, angle, shift] = [between(14, 34), between(0, Math.PI), between(0, 30)];
  const [cx, cy] = [between(30, WIDTH - 30), between(25, HEIGHT - 25)];
  const data = new Uint8Array(WIDTH * HEIGHT * 3);
  for (let y = 0; y < HEIGHT; y++)
    for (let x = 0; x < WIDTH; x++) {
      const along = x * Math.cos(angle) + y * Math.sin(angle);
      const distance = kind === "rings" ? Math.hypot(x - cx, y - cy) : along;
      const isInk = (((distance + shift) % period) + period) % period < period / 2;
      for (let c = 0; c < 3; c++)
        data[(y * WIDTH + x) * 3 + c] = Math.max(0, Math.min(255, (isInk ? ink : ground)[c]! + between(-20, 20)));
    }
  return encode({ width: WIDTH, height: HEIGHT, data, channels: 3, depth: 8 });
}

/** Writes `<folder>/<part>/<kind>/<i>.png` and returns their paths by part. */
export function drawFolders(folder: string, counts: Record<string, number>): Record<string, string[]> {
  const random = new Philox(7);
  return Object.fromEntries(
    Object.entries(counts).map(([part, count]) => [
      part,
      KINDS.flatMap((kind) => {
        mkdirSync(join(folder, part, kind), { recursive: true });
        return Array.from({ length: count }, (_, i) => {
          const path = `${part}/${kind}/${i}.png`;
          writeFileSync(join(folder, path), draw(kind, random));
          return path;
        });
      }),
    ]),
  );
}

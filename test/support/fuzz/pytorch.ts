import { readdirSync, readFileSync } from "node:fs";
import { readPytorch } from "../../../src/io/pytorch/read.js";
import type { Target } from "./fuzz.js";
import { mutateArchive } from "./structure.js";

/** A zip archive's copy without checksums, so that changes get as far as the pickle. */
function withoutChecksums(file: Uint8Array): Uint8Array {
  const bytes = file.slice();
  const view = new DataView(bytes.buffer);
  for (let at = 0; at + 46 < bytes.length; at++)
    if (view.getUint32(at, true) === 0x02014b50) view.setUint32(at + 16, 0, true);
  return bytes;
}

/** The goldens of one folder, read as they are, and without checksums where they have some. */
export function pytorchTarget(folder: string | URL): Target {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith(".pth"))
    .sort()
    .map((name) => new Uint8Array(readFileSync(new URL(name, folder))));
  return {
    files: files.flatMap((file) => (file[0] === 0x50 ? [file, withoutChecksums(file)] : [file])),
    mutate: mutateArchive,
    read(bytes) {
      const { tensors } = readPytorch(bytes, { integers: "round" });
      const distinct = new Set([...tensors.values()].map(({ data }) => data));
      for (const [name, { data, shape }] of tensors)
        if (shape.reduce((product, size) => product * size, 1) !== data.length) throw new Error(`${name}: [${shape}]`);
      return [...distinct].reduce((sum, data) => sum + data.byteLength, 0);
    },
  };
}

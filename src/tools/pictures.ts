/** The pictures that a command is given. */
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { listPictures } from "../data/image/listing.js";
import { type Image, type ImageTransform, transformImage } from "../faces/data.js";
import type { Predictor } from "../model/predictor.js";
import { openFileSystem } from "../stores/file-system.js";
import { UsageError } from "./command.js";
import { readText } from "./read-file.js";

/** The paths of pictures, in order, as they are told, and what they are relative to. */
export async function listPaths(where: string, source: string): Promise<{ root: string; paths: string[] }> {
  const status = await stat(source).catch((cause) => {
    throw new UsageError(`${where}: <folder or list> expected one that can be read, got ${source}`, { cause });
  });
  if (status.isDirectory()) {
    const paths = await listPictures(where, await openFileSystem(where), source, true);
    if (paths.length === 0) throw new UsageError(`${where}: <folder or list> expected pictures, got none in ${source}`);
    return { root: source, paths };
  }
  const lines = (await readText(source)).split(/\r?\n/).filter((line) => line.trim() !== "");
  const paths = [...new Set(lines)].sort();
  if (paths.length === 0) throw new UsageError(`${where}: <folder or list> expected paths, got none in ${source}`);
  if (paths.length < lines.length) {
    const twice = lines.find((line, i) => lines.indexOf(line) !== i);
    throw new UsageError(`${where}: <folder or list> expected each path once, got ${twice} twice`);
  }
  if (paths.some((path) => path.includes("\0")))
    throw new UsageError(`${where}: <folder or list> expected a folder or a text of paths, got ${source}`);
  return { root: dirname(source), paths };
}

/** How a model wants its pictures. Throws `UsageError` where it does not say it and nobody has. */
export function transformOf(where: string, { transform }: Predictor): ImageTransform {
  if (transform) return transform as ImageTransform;
  throw new UsageError(`${where}: --transform expected for a model that does not say how pictures are prepared`);
}

/** A picture as a network takes it. */
export function prepared(picture: Image, transform: ImageTransform, inputShape: readonly number[]): Float32Array {
  const { data, shape } = transformImage(picture, transform);
  if (data.length !== inputShape.reduce((a, b) => a * b, 1))
    throw new Error(`transform expected to make [${inputShape}], got [${shape.slice(1)}]`);
  return data;
}

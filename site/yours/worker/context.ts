import type { Model } from "resnet-wasm";
import { ArgumentError } from "resnet-wasm";
import type { Known, Progress } from "./protocol.js";

/** What a method of the worker is given beside its arguments. */
export interface Context {
  signal: AbortSignal;
  report(progress: Progress): void;
}

/** The model that the worker has, and what it is told of. */
export interface Session {
  model: Model;
  known: Known;
}

let session: Session | undefined;

export function currentSession(): Session {
  if (!session) throw new ArgumentError("There is no network yet: let one learn, or open a file");
  return session;
}

export function setSession(next: Session): void {
  session?.model.dispose();
  session = next;
}

/** Path of the last layer that has maps, after which a network has only classes; what Grad-CAM looks at. */
export async function lastMaps(model: Model): Promise<string | undefined> {
  if (model.inputShape.length !== 3) return undefined;
  const size = model.inputShape.reduce((a, b) => a * b, 1);
  const { layers } = await model.profile(new Float32Array(size), { repetitions: 1 });
  const maps = layers.filter(
    ({ outputShape: [, h, w], outputShape, path }) => path && outputShape.length === 4 && h * w > 1,
  );
  // Parents come first; of those that end at the same place the outermost has the shortest name.
  const last = maps.at(-1);
  if (!last) return undefined;
  const ends = maps.filter(({ path }) => last.path === path || last.path.startsWith(`${path}.`));
  return ends[0].path;
}

export const countParameters = (model: Model): number =>
  [...model.stateDict().values()].reduce((sum, { data }) => sum + data.length, 0);

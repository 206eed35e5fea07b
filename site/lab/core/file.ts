/**
 * A run as one file: safetensors with the checkpoints of both nets as bytes, and all else as metadata. What is opened goes on
 * with the same bits as what was saved.
 */
import { readSafetensors, writeSafetensors } from "resnet-wasm";
import { KINDS } from "./nets.js";
import { readPoints } from "./points.js";
import { both, type Suspended } from "./run.js";
import { readSettings } from "./settings.js";

const KEY = "resnet-wasm laboratory";
const VERSION = 1;

export function writeRunFile({ checkpoints, own, losses, ...rest }: Suspended): Uint8Array<ArrayBuffer> {
  const tensors = KINDS.flatMap((kind): [string, { data: Float32Array; shape: number[] }][] => [
    [`${kind}.checkpoint`, { data: Float32Array.from(checkpoints[kind]), shape: [checkpoints[kind].length] }],
    [`${kind}.losses`, { data: Float32Array.from(losses[kind]), shape: [losses[kind].length] }],
  ]);
  const points = own && { xy: [...own.xy], labels: [...own.labels] };
  const metadata = { [KEY]: JSON.stringify({ version: VERSION, own: points, ...rest }) };
  const dtype = (name: string) => (name.endsWith("checkpoint") ? "U8" : "F32");
  return writeSafetensors(new Map(tensors), { metadata, dtype, digest: true });
}

/** Throws an error with the reason where the bytes are no run of this laboratory. */
export function readRunFile(bytes: Uint8Array): Suspended {
  const { tensors, metadata } = readSafetensors(bytes, { fileName: "run" });
  const text = Object.hasOwn(metadata, KEY) ? metadata[KEY] : undefined;
  if (text === undefined) throw new Error("readRunFile: the file is no run of the laboratory");
  const run = Object(JSON.parse(text));
  if (run.version !== VERSION) throw new Error(`readRunFile: version ${VERSION} expected, got ${run.version}`);
  const settings = readSettings(run.settings);
  const own = run.own === null ? null : readPoints(run.own);
  const { step, readings, failures } = run as Suspended;
  const numbers = (name: string) => tensors.get(name)?.data ?? null;
  const found = KINDS.flatMap((kind) => [numbers(`${kind}.checkpoint`), numbers(`${kind}.losses`)]);
  const whole = Number.isSafeInteger(step) && step >= 0 && Array.isArray(readings) && readings.every(isReading);
  if (!settings || (settings.data === "own" && !own) || !whole || found.includes(null))
    throw new Error("readRunFile: the run is damaged, or of another version of this page");
  return {
    settings,
    own,
    step,
    readings: readings.map(({ step, train, test }) => ({ step, train: scores(train), test: scores(test) })),
    losses: both((kind) => [...(numbers(`${kind}.losses`) as Float32Array)]),
    failures: both((kind) => (failures?.[kind] == null ? null : String(failures[kind]))),
    checkpoints: both((kind) => Uint8Array.from(numbers(`${kind}.checkpoint`) as Float32Array)),
  };
}

type Scores = Suspended["readings"][number]["train"];

/** JSON writes what is no number as null. */
const scores = (given: Scores): Scores =>
  both((kind) => ({ loss: given[kind].loss ?? Number.NaN, accuracy: given[kind].accuracy ?? Number.NaN }));

function isReading(value: unknown): boolean {
  const { step, train, test } = Object(value);
  const isScore = (score: unknown) => {
    const { loss, accuracy } = Object(score);
    return [loss, accuracy].every((each) => each === null || typeof each === "number");
  };
  return Number.isSafeInteger(step) && [train, test].every((of) => KINDS.every((kind) => isScore(Object(of)[kind])));
}

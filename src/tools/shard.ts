/** Which part of the work this machine does. */
import { UsageError } from "./command.js";

/** Part `index` of `count`, from 1. */
export interface Shard {
  index: number;
  count: number;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** What array jobs tell their tasks, from 0: the place of this one, and where they tell it, how many there are. */
const ARRAYS: readonly { name: string; index: string; first?: string; last?: string; count?: string }[] = [
  { name: "Kubernetes", index: "JOB_COMPLETION_INDEX" },
  {
    name: "Slurm",
    index: "SLURM_ARRAY_TASK_ID",
    first: "SLURM_ARRAY_TASK_MIN",
    last: "SLURM_ARRAY_TASK_MAX",
    count: "SLURM_ARRAY_TASK_COUNT",
  },
  { name: "AWS Batch", index: "AWS_BATCH_JOB_ARRAY_INDEX", count: "AWS_BATCH_JOB_ARRAY_SIZE" },
  { name: "Cloud Run", index: "CLOUD_RUN_TASK_INDEX", count: "CLOUD_RUN_TASK_COUNT" },
];

function whole(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new UsageError(`predict: ${name} expected a whole number, got ${text}`);
}

/**
 * The shard of `--shard <i>/<n>`, else that of the array job whose variables are set; `shards` is the number of all, which
 * Kubernetes does not tell. Undefined where there is none: all of the work.
 */
export function shardOf(
  shard: string | undefined,
  shards: string | undefined,
  variables: Variables,
): Shard | undefined {
  const told = shards === undefined ? undefined : whole("--shards", shards);
  if (shard !== undefined) {
    const [, index, count] = /^(\d{1,9})\/(\d{1,9})$/.exec(shard) ?? [];
    const found = { index: Number(index), count: Number(count) };
    if (!(found.index >= 1 && found.index <= found.count))
      throw new UsageError(`predict: --shard expected <i>/<n>, i from 1 to n, got ${shard}`);
    if (told !== undefined && told !== found.count)
      throw new UsageError(`predict: --shards expected ${found.count} as --shard says, got ${told}`);
    return found;
  }
  const jobs = ARRAYS.filter(({ index }) => variables[index]);
  if (jobs.length > 1) {
    const names = jobs.map(({ name, index }) => `${index} (${name})`).join(" and ");
    throw new UsageError(`predict: --shard expected, because both are set: ${names}`);
  }
  if (jobs.length === 0) {
    if (told === undefined || told === 1) return undefined;
    throw new UsageError(`predict: --shard expected with --shards, or a variable of an array job, got none`);
  }
  const [{ name, ...job }] = jobs;
  const number = (key: string | undefined) => {
    const text = key && variables[key];
    return key && text ? whole(key, text) : undefined;
  };
  const first = number(job.first) ?? 0;
  const index = (number(job.index) ?? 0) - first + 1;
  const count = number(job.count) ?? told;
  if (count === undefined)
    throw new UsageError(`predict: --shards expected, because ${name} does not tell how many there are, got none`);
  if (told !== undefined && told !== count)
    throw new UsageError(`predict: --shards expected ${count} as ${job.count} says, got ${told}`);
  const last = number(job.last);
  if (last !== undefined && last - first + 1 !== count)
    throw new UsageError(`predict: an array without gaps expected, got tasks ${first} to ${last}, ${count} in all`);
  if (index < 1 || index > count)
    throw new UsageError(
      `predict: ${job.index} expected ${first} to ${first + count - 1}, got ${variables[job.index]}`,
    );
  return { index, count };
}

/** The part of `length` items that a shard has: runs side by side, of which none is longer than another by more than one. */
export function rangeOf({ index, count }: Shard, length: number): [from: number, to: number] {
  const at = (i: number) => Math.floor((length * i) / count);
  return [at(index - 1), at(index)];
}

/** A name and its ending. */
function apart(path: string): [stem: string, ending: string] {
  const [, stem, ending = ""] = /^(.*?[^/\\]*?)(\.[^./\\]*)?$/s.exec(path) ?? [];
  return [stem ?? path, ending];
}

/** `results.jsonl`, or the name of a part of it: `results.3-of-16.jsonl`. */
export function partName(path: string, shard: Shard | undefined): string {
  if (!shard || shard.count === 1) return path;
  const [stem, ending] = apart(path);
  return `${stem}.${shard.index}-of-${shard.count}${ending}`;
}

/** Of how many parts a file is one, by its name; undefined where it is none of `path`. */
export function countOf(path: string, name: string): number | undefined {
  const [stem, ending] = apart(path);
  if (!name.startsWith(`${stem}.`) || !name.endsWith(ending)) return undefined;
  const [, count] = /^\d+-of-(\d+)$/.exec(name.slice(stem.length + 1, name.length - ending.length)) ?? [];
  return count === undefined ? undefined : Number(count);
}

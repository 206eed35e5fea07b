// Which part of the work is ours: by options and by the variables of array jobs.
import { describe, expect, it } from "vitest";
import { countOf, partName, rangeOf, shardOf } from "../../../src/tools/shard.js";

describe("the shard", () => {
  it.each<[string | undefined, string | undefined, Record<string, string>, [number, number] | undefined]>([
    [undefined, undefined, {}, undefined],
    ["3/16", undefined, {}, [3, 16]],
    ["3/16", undefined, { JOB_COMPLETION_INDEX: "7" }, [3, 16]],
    [undefined, "4", { JOB_COMPLETION_INDEX: "0" }, [1, 4]],
    [undefined, undefined, { SLURM_ARRAY_TASK_ID: "0", SLURM_ARRAY_TASK_COUNT: "4" }, [1, 4]],
    [
      undefined,
      undefined,
      { SLURM_ARRAY_TASK_ID: "4", SLURM_ARRAY_TASK_MIN: "1", SLURM_ARRAY_TASK_MAX: "4", SLURM_ARRAY_TASK_COUNT: "4" },
      [4, 4],
    ],
    [undefined, undefined, { AWS_BATCH_JOB_ARRAY_INDEX: "9", AWS_BATCH_JOB_ARRAY_SIZE: "10" }, [10, 10]],
    [undefined, undefined, { CLOUD_RUN_TASK_INDEX: "1", CLOUD_RUN_TASK_COUNT: "2" }, [2, 2]],
    [undefined, "1", {}, undefined],
  ])("--shard %s --shards %s %o", (shard, shards, variables, found) => {
    expect(shardOf(shard, shards, variables)).toEqual(found && { index: found[0], count: found[1] });
  });

  it.each<[string | undefined, string | undefined, Record<string, string>, RegExp]>([
    ["0/4", undefined, {}, /--shard expected <i>\/<n>, i from 1 to n, got 0\/4/],
    ["5/4", undefined, {}, /got 5\/4/],
    ["3", undefined, {}, /got 3/],
    ["1/2", "3", {}, /--shards expected 2 as --shard says, got 3/],
    [undefined, "3", {}, /--shard expected with --shards/],
    [undefined, undefined, { JOB_COMPLETION_INDEX: "2" }, /--shards expected, because Kubernetes does not tell/],
    [undefined, "2", { JOB_COMPLETION_INDEX: "2" }, /JOB_COMPLETION_INDEX expected 0 to 1, got 2/],
    [undefined, "2", { JOB_COMPLETION_INDEX: "one" }, /JOB_COMPLETION_INDEX expected a whole number, got one/],
    [undefined, "3", { CLOUD_RUN_TASK_INDEX: "1", CLOUD_RUN_TASK_COUNT: "2" }, /--shards expected 2 .*got 3/],
    [undefined, undefined, { CLOUD_RUN_TASK_INDEX: "1", JOB_COMPLETION_INDEX: "2" }, /both are set: JOB.* and CLOUD/],
    [
      undefined,
      undefined,
      { SLURM_ARRAY_TASK_ID: "1", SLURM_ARRAY_TASK_MIN: "1", SLURM_ARRAY_TASK_MAX: "7", SLURM_ARRAY_TASK_COUNT: "4" },
      /without gaps expected, got tasks 1 to 7, 4 in all/,
    ],
  ])("refuses --shard %s --shards %s %o", (shard, shards, variables, message) => {
    expect(() => shardOf(shard, shards, variables)).toThrow(message);
  });
});

it("has each item in one shard, in order, whatever their number", () => {
  for (const [length, count] of [
    [0, 3],
    [2, 5],
    [10, 3],
    [10_000, 7],
  ]) {
    const ranges = Array.from({ length: count }, (_, i) => rangeOf({ index: i + 1, count }, length));
    expect(ranges.flatMap(([from, to]) => Array.from({ length: to - from }, (_, i) => from + i))).toEqual(
      Array.from({ length }, (_, i) => i),
    );
    const sizes = ranges.map(([from, to]) => to - from);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  }
});

it("names parts, and knows them by their names", () => {
  const shard = { index: 3, count: 16 };
  expect(partName("results.jsonl", shard)).toBe("results.3-of-16.jsonl");
  expect(partName("a.b/results", shard)).toBe("a.b/results.3-of-16");
  expect(partName("./a.b/r.x.jsonl", shard)).toBe("./a.b/r.x.3-of-16.jsonl");
  expect(partName("results.jsonl", undefined)).toBe("results.jsonl");
  expect(partName("results.jsonl", { index: 1, count: 1 })).toBe("results.jsonl");
  expect(countOf("results.jsonl", "results.3-of-16.jsonl")).toBe(16);
  for (const name of ["results.jsonl", "results.3-of-16.jsonl.partial", "other.1-of-2.jsonl", "results.1-of-2.txt"])
    expect(countOf("results.jsonl", name)).toBeUndefined();
});

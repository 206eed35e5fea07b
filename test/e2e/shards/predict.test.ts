// `resnet-wasm predict`: one result for any number of shards, whatever is killed on the way.
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { deflateSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { crc32 } from "../../../src/core/crc32.js";
import { cifarResNet, createModel } from "../../../src/hosts/node/index.js";
import { root } from "../package/pack.js";

const bin = join(root, "dist/bin.js");
const PICTURES = Number(process.env.RESNET_WASM_PICTURES ?? 2000);
const SIDE = 16;
let folder: string;

function png(seed: number): Uint8Array {
  const chunk = (type: string, data: Uint8Array) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const head = Buffer.from([0, 0, 0, SIDE, 0, 0, 0, SIDE, 8, 2, 0, 0, 0]);
  const rows = Buffer.alloc(SIDE * (1 + 3 * SIDE));
  let state = seed;
  for (let i = 0; i < rows.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    rows[i] = i % (1 + 3 * SIDE) === 0 ? 0 : state >>> 24;
  }
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  const data = deflateSync(rows, { level: 0 });
  return Buffer.concat([signature, chunk("IHDR", head), chunk("IDAT", data), chunk("IEND", Buffer.alloc(0))]);
}

beforeAll(async () => {
  if (!existsSync(bin)) throw new Error("dist/ is missing: npm test builds it, npm run build does");
  folder = mkdtempSync(join(tmpdir(), "resnet-wasm-shards-"));
  const model = await createModel(cifarResNet(8, { classes: 3 }), { inputShape: [SIDE, SIDE, 3], seed: 1, threads: 1 });
  model.classNames = ["cat", "dog", "bird"];
  model.transform = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };
  writeFileSync(join(folder, "model.safetensors"), await model.save());
  for (let i = 0; i < PICTURES; i++) {
    const place = join(folder, "photos", `${i % 10}`);
    if (i < 10) mkdirSync(place, { recursive: true });
    writeFileSync(join(place, `${i}.png`), png(i));
  }
  writeFileSync(join(folder, "photos/4/broken.png"), png(1).subarray(0, 300));
  writeFileSync(join(folder, "photos/note.jpg"), "no picture");
  mkdirSync(join(folder, "photos/.hidden"));
  writeFileSync(join(folder, "photos/.hidden/1.png"), png(1));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const args = (...more: string[]) => [bin, "predict", "model.safetensors", "photos", ...more];
const run = async (...more: string[]) => {
  const options = { cwd: folder, env: { ...process.env, NO_COLOR: "1" } };
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, more, options)) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
};
const read = (name: string) => readFileSync(join(folder, name), "utf8");
const size = (name: string) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0;

/** Kills a run as soon as it has written so many bytes of `partial`. */
async function killed(partial: string, bytes: number, ...more: string[]): Promise<void> {
  const child: ChildProcess = spawn(process.execPath, args(...more), { cwd: folder, stdio: "ignore" });
  const ended = new Promise((resolve) => child.on("exit", resolve));
  while (size(partial) < bytes && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 2));
  child.kill("SIGKILL");
  await ended;
}

let whole: string;
it(`writes a line for each of ${PICTURES + 2} files, in order of their paths`, async () => {
  const { code, stderr } = await run(...args("--out", "whole.jsonl", "--top", "2", "--threads", "2"));
  expect([code, stderr]).toEqual([
    0,
    expect.stringContaining(`whole.jsonl: ${PICTURES + 2} lines, 2 of them errors\n`),
  ]);
  expect(stderr).toMatch(/predict: 4\/broken\.png: .*PNG/);
  whole = read("whole.jsonl");
  const lines = whole
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const paths = lines.map(({ path }) => path);
  expect(paths).toEqual([...paths].sort());
  expect(paths.length).toBe(PICTURES + 2);
  expect(lines.filter(({ error }) => error).map(({ path }) => path)).toEqual(["4/broken.png", "note.jpg"]);
  expect(lines[0].classes[0]).toEqual({
    index: expect.any(Number),
    name: expect.any(String),
    probability: expect.any(Number),
  });
  expect((await run(...args("--out", "whole.jsonl", "--top", "2", "--threads", "2"))).stderr).toContain(
    "were there already",
  );
  expect((await run(...args("--out", "strict.jsonl", "--top", "2", "--strict"))).code).toBe(1);
  expect(read("strict.jsonl")).toBe(whole);
}, 300_000);

describe.each([3, 7])("in %d shards", (count) => {
  const out = (i: number, ending = "") => `s${count}.${i}-of-${count}.jsonl${ending}`;
  const shard = (i: number) => ["--out", `s${count}.jsonl`, "--top", "2", "--shard", `${i}/${count}`];

  it("gives the same bytes, two of them killed and run again", async () => {
    await killed(out(2, ".partial"), 5000, ...shard(2));
    await killed(out(3, ".partial"), 1, ...shard(3));
    await killed(out(3, ".partial"), 20_000, ...shard(3));
    const torn = size(out(2, ".partial"));
    expect(torn).toBeGreaterThan(0);
    // A kill may tear a line, too.
    writeFileSync(join(folder, out(2, ".partial")), read(out(2, ".partial")).slice(0, -7));
    expect((await run(bin, "merge", `s${count}.jsonl`)).stderr).toContain(
      "shards expected of one division beside it, got none",
    );
    for (let i = count; i >= 1; i--) {
      if (i === 1) expect((await run(bin, "merge", `s${count}.jsonl`)).stderr).toContain(`got all but ${out(1)}`);
      const { code, stderr } = await run(...args(...shard(i)));
      expect(code, stderr).toBe(0);
      if (i === 2) expect(stderr).toContain("were there already");
    }
    const { code, stderr } = await run(bin, "merge", `s${count}.jsonl`);
    expect([code, stderr]).toEqual([0, `s${count}.jsonl: ${count} shards\n`]);
    expect(read(`s${count}.jsonl`) === whole).toBe(true);
    expect(readdirSync(folder).filter((name) => /partial|lock/.test(name))).toEqual([]);
  }, 600_000);
});

it("takes its shard from an array job, lists in place of folders, and outputs in place of classes", async () => {
  const paths = ["photos/1/1.png", "photos/0/0.png", "photos/none.png"];
  writeFileSync(join(folder, "list.txt"), `${paths.join("\n")}\n`);
  const command = [bin, "predict", "model.safetensors", "list.txt", "--outputs"];
  expect((await run(...command, "--out", "l.jsonl")).code).toBe(0);
  const [first, second, missing] = read("l.jsonl")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect([first.path, second.path]).toEqual(["photos/0/0.png", "photos/1/1.png"]);
  expect(first.output.length).toBe(3);
  expect(missing).toEqual({ path: "photos/none.png", error: "file expected one that can be read, got ENOENT" });
  const slurm = (id: number) => ({ ...process.env, SLURM_ARRAY_TASK_ID: `${id}`, SLURM_ARRAY_TASK_COUNT: "2" });
  for (const id of [0, 1])
    execFileSync(process.execPath, [...command, "--out", "j.jsonl"], { cwd: folder, env: slurm(id), stdio: "ignore" });
  await run(bin, "merge", "j.jsonl");
  expect(read("j.jsonl")).toBe(read("l.jsonl"));
});

it("refuses to go on with what was made otherwise, and two at a time", async () => {
  const out = ["--out", "other.jsonl"];
  await killed("other.jsonl.partial", 1, ...out);
  const changed = await run(...args(...out, "--batch", "8"));
  expect(changed.stderr).toMatch(/other\.jsonl: results expected batch 8, got batch 16\. --restart begins anew/);
  expect(changed.code).toBe(1);
  const both = await Promise.all([run(...args(...out)), run(...args(...out))]);
  expect(both.map(({ code }) => code).sort()).toEqual([0, 1]);
  expect(both.find(({ code }) => code === 1)?.stderr).toMatch(/lock|process/);
  expect((await run(...args(...out, "--batch", "8", "--restart"))).code).toBe(0);
  for (const i of [1, 2]) await run(...args("--out", "m.jsonl", "--shard", `${i}/2`, "--batch", `${8 * i}`));
  expect((await run(bin, "merge", "m.jsonl")).stderr).toMatch(
    /m\.2-of-2\.jsonl: results expected batch 8, got batch 16/,
  );
}, 300_000);

it("refuses files that it has not written", async () => {
  writeFileSync(join(folder, "taken.jsonl"), "mine\n");
  const taken = await run(...args("--out", "taken.jsonl"));
  expect([taken.code, taken.stderr]).toEqual([1, expect.stringMatching(/no file of that name.*--restart begins anew/)]);
  expect(read("taken.jsonl")).toBe("mine\n");
  for (const i of [1, 2]) writeFileSync(join(folder, `bare.${i}-of-2.jsonl`), "");
  const bare = await run(bin, "merge", "bare.jsonl");
  expect([bare.code, bare.stderr]).toEqual([
    1,
    expect.stringContaining("results expected with their .origin.json, got none"),
  ]);
  for (const i of [1, 2]) writeFileSync(join(folder, `bare.${i}-of-2.jsonl.origin.json`), "{");
  expect((await run(bin, "merge", "bare.jsonl")).stderr).toContain("results expected JSON, got {");
  writeFileSync(join(folder, "bare.1-of-3.jsonl"), "");
  expect((await run(bin, "merge", "bare.jsonl")).stderr).toContain("got those of 2 and of 3");
  writeFileSync(join(folder, "twice.txt"), "photos/0/0.png\nphotos/0/0.png\n");
  const twice = await run(bin, "predict", "model.safetensors", "twice.txt");
  expect([twice.code, twice.stderr]).toEqual([2, expect.stringContaining("each path once, got photos/0/0.png twice")]);
  expect((await run(bin, "predict", "model.safetensors", "nowhere")).code).toBe(2);
}, 120_000);

const parallel = existsSync("/usr/bin/parallel");
it.skipIf(!parallel)(
  `runs under GNU parallel${parallel ? "" : " (skipped: it is not installed)"}`,
  async () => {
    const command = `${process.execPath} ${args("--out", "p.jsonl", "--top", "2", "--threads", "1", "--shard", "{}/4").join(" ")}`;
    execFileSync("/usr/bin/parallel", ["--will-cite", "-j2", command, ":::", "1", "2", "3", "4"], {
      cwd: folder,
      stdio: "ignore",
    });
    await run(bin, "merge", "p.jsonl");
    expect(read("p.jsonl") === whole).toBe(true);
  },
  300_000,
);

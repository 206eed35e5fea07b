/** `resnet-wasm predict`: pictures of a folder or a list, in parts that machines share. */

import { resolve } from "node:path";
import process from "node:process";
import ProgressBar from "progress";
import { crc32 } from "../../core/crc32.js";
import { messageOf } from "../../core/thrown.js";
import { type Image, toImage } from "../../faces/data.js";
import type { Classification, Tensor } from "../../hosts/default/index.js";
import type { Predictor } from "../../model/predictor.js";
import { type Command, type Given, UsageError } from "../command.js";
import { openFile, openPredictor } from "../model-file.js";
import { listPaths, prepared, transformOf } from "../pictures.js";
import { preparationOptions, readPreparation } from "../preparation.js";
import { readRegular } from "../read-file.js";
import { type Origin, openResults, removeResults } from "../results.js";
import { partName, rangeOf, shardOf } from "../shard.js";

const hex = (sum: number): string => sum.toString(16).padStart(8, "0");
const digestOf = (text: string): string => hex(crc32(new TextEncoder().encode(text)));

export const predict: Command = {
  arguments: "<model> <folder or list>",
  count: [2, 2],
  about: `Predicts all pictures (JPEG, PNG) below a folder, or those that a text file lists, one a line, and writes a line of JSON for
    each, in order of their paths: { path, classes: [{ index, name, probability }] }, or { path, error } where a file is no picture.
    Machines share the work by --shard, or by the variables of an array job (Kubernetes, Slurm, AWS Batch, Cloud Run); merge puts
    their files together, byte for byte what one machine would have written. Stopped at any point, the same command goes on.`,
  options: {
    out: { value: "<file>", about: "what to write, default results.jsonl; a shard writes results.3-of-16.jsonl" },
    shard: { value: "<i>/<n>", about: "part i of n, from 1" },
    shards: { value: "<n>", about: "how many parts there are, for array jobs that do not tell it (Kubernetes)" },
    batch: { value: "<n>", about: "pictures that pass through the network at once, default 16" },
    threads: { value: "<n>", about: "default: as many as there are cores" },
    top: { value: "<n>", about: "classes of each picture, default 5" },
    outputs: { about: "write the network's numbers, { path, output: […] }, in place of classes" },
    restart: { about: "begin anew, whatever is there" },
    strict: { about: "exit with 1 when a file was no picture" },
    ...preparationOptions,
  },
  codes:
    "0 when all lines were written, 1 when not, or with --strict when some tell of an error, 2 on wrong arguments.",
  async run(given) {
    const [path, source] = given.arguments;
    const shard = shardOf(given.text("shard"), given.text("shards"), process.env);
    const batch = given.count("batch", 16);
    const threads = given.text("threads") === undefined ? "auto" : given.count("threads", 1);
    const { root, paths } = await listPaths("predict", source);
    const { classNames, transform } = await readPreparation(given);
    const file = await openFile(path);
    const model = await openPredictor(file, { threads, relaxedSimd: false, ...(classNames && { classNames }) });
    if (transform) model.transform = transform(model.inputShape);
    const out = partName(given.text("out") ?? "results.jsonl", shard);
    const [from, to] = shard ? rangeOf(shard, paths.length) : [0, paths.length];
    const mine = paths.slice(from, to);
    const answer = answers(model, given);
    const origin: Origin = {
      model: `${hex(crc32(file.bytes))} ${file.bytes.length} bytes`,
      pictures: `${digestOf(paths.join("\n"))} ${paths.length} paths`,
      transform: model.transform ? digestOf(JSON.stringify(model.transform)) : null,
      classNames: model.classNames ? digestOf(model.classNames.join("\n")) : null,
      ...{ batch, answer: answer.name, shards: shard?.count ?? 1 },
    };
    if (given.flag("restart")) await removeResults(out);
    const results = await openResults(out, origin, mine, pathOf);
    let bad = 0;
    try {
      const tell = progress(out, results.done, mine.length);
      for (let at = results.done; at < mine.length; at += batch) {
        const part = mine.slice(at, at + batch);
        const lines = await predictBatch(answer, { root, paths: part, batch });
        for (const line of lines) if ("error" in line) tell.bad(`${line.path}: ${line.error}`, ++bad);
        await results.append(lines.map((line) => JSON.stringify(line)));
        tell.at(at + part.length);
      }
      await results.finish();
      if (results.done > 0) tell.end(`${results.done} of ${mine.length} were there already`);
    } finally {
      await results.close();
      model.dispose();
    }
    process.stderr.write(`${out}: ${mine.length} lines${bad > 0 ? `, ${bad} of them errors` : ""}\n`);
    return bad > 0 && given.flag("strict") ? 1 : 0;
  },
};

/** The path that a line tells of; undefined where it is no line of results. */
function pathOf(line: string): string | undefined {
  try {
    return (JSON.parse(line) as { path?: string } | null)?.path;
  } catch {
    return undefined;
  }
}

type Line = { path: string } & ({ classes: Classification[] } | { output: number[] } | { error: string });

/** What is told of pictures, for as many at once as a batch has. */
interface Answer {
  name: string;
  of(pictures: readonly Image[]): Promise<({ classes: Classification[] } | { output: number[] })[]>;
}

function answers(model: Predictor, given: Given): Answer {
  const topK = given.count("top", 5);
  if (!given.flag("outputs"))
    return {
      name: `classes ${topK}`,
      of: async (pictures) => (await model.classify(pictures, { topK })).map((classes) => ({ classes })),
    };
  if (given.flag("top")) throw new UsageError("predict: --top expected without --outputs");
  const transform = transformOf("predict", model);
  return {
    name: "outputs",
    async of(pictures) {
      const { inputShape } = model;
      const rows = pictures.map((picture) => prepared(picture, transform, inputShape));
      const data = new Float32Array(rows.length * rows[0].length);
      for (const [i, row] of rows.entries()) data.set(row, i * row.length);
      const outputs = model.predict<Tensor>({ data, shape: [pictures.length, ...inputShape] }).data;
      const each = outputs.length / pictures.length;
      return pictures.map((_, i) => ({ output: Array.from(outputs.subarray(i * each, (i + 1) * each)) }));
    },
  };
}

interface Part {
  root: string;
  paths: readonly string[];
  batch: number;
}

/** Every batch has one size, filled up by its own pictures: bits depend on no neighbour and on no number of shards. */
async function predictBatch(answer: Answer, { root, paths, batch }: Part): Promise<Line[]> {
  const lines = new Map<string, Line>();
  const pictures = new Map<string, Image>();
  for (const path of paths) {
    try {
      pictures.set(path, await toImage(await readRegular(resolve(root, path))));
    } catch (error) {
      // What the system says of a file names where this machine has it.
      const { code } = error as { code?: string };
      lines.set(path, { path, error: code ? `file expected one that can be read, got ${code}` : messageOf(error) });
    }
  }
  const padded = (list: readonly Image[]): Image[] => [
    ...list,
    ...new Array<Image>(Math.max(0, batch - list.length)).fill(list[0]),
  ];
  try {
    if (pictures.size > 0) {
      const found = await answer.of(padded([...pictures.values()]));
      for (const [i, path] of [...pictures.keys()].entries()) lines.set(path, { path, ...found[i] });
    }
  } catch {
    // One of them does not fit: which, each by itself tells.
    for (const [path, picture] of pictures) {
      try {
        const [found] = await answer.of(padded([picture]));
        lines.set(path, { path, ...found });
      } catch (error) {
        lines.set(path, { path, error: messageOf(error) });
      }
    }
  }
  return paths.flatMap((path) => lines.get(path) ?? []);
}

/** A bar where somebody looks at it, else a line for each tenth. */
function progress(name: string, done: number, total: number) {
  const { stderr } = process;
  const bar = stderr.isTTY
    ? new ProgressBar(":bar :current of :total  :eta s left", { total, curr: done, width: 24 })
    : undefined;
  let tenths = Math.floor((10 * done) / total);
  const say = (text: string) => (bar ? bar.interrupt(text) : stderr.write(`${text}\n`));
  return {
    at(now: number) {
      bar?.tick(now - bar.curr);
      const reached = Math.floor((10 * now) / total);
      if (!bar && reached > tenths) stderr.write(`${name}: ${now} of ${total}\n`);
      tenths = reached;
    },
    /** The first hundred are told as they come; all stand in the results. */
    bad(text: string, count: number) {
      if (count <= 100) say(`resnet-wasm: predict: ${text}`);
    },
    end: say,
  };
}

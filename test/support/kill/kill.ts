// Kills a training again and again, and compares what is left with a run that was not killed.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Philox } from "../../../src/core/random.js";
import { readSafetensors } from "../../../src/io/safetensors.js";

interface Left {
  checkpoint: string;
  weights: string;
  passed: string[];
  epochs: number;
  stopped: string;
}

/** Starts the training; `begun` settles when it runs, `done` gives what it printed, or null where it was killed. */
function start(
  child: string,
  folder: string,
): { process: ChildProcess; begun: Promise<unknown>; done: Promise<Left | null> } {
  const started = spawn(process.execPath, [child, folder], { stdio: ["ignore", "pipe", "pipe"] });
  let [output, errors] = ["", ""];
  started.stdout.on("data", (data) => (output += data));
  started.stderr.on("data", (data) => (errors += data));
  const begun = Promise.race([once(started.stdout, "data"), once(started, "close")]);
  const done = once(started, "close").then(([code, signal]) => {
    if (signal === "SIGKILL") return null;
    if (code !== 0) throw new Error(`the training ended with code ${code}: ${errors}`);
    return JSON.parse(output.slice(output.indexOf("{"))) as Left;
  });
  return { process: started, begun, done };
}

/** Throws where a file of a store is not whole. Returns whether a write was broken off. */
function expectWhole(folder: string): boolean {
  const names = readdirSync(folder);
  for (const name of names.filter((each) => each.endsWith(".safetensors")))
    readSafetensors(readFileSync(join(folder, name)), { fileName: name });
  return names.some((name) => name.endsWith(".part"));
}

/** `child` is the program that is killed: child.js of this folder. */
export async function kill(child: string, count: number, seed: number, say: (line: string) => void = () => {}) {
  const random = new Philox(seed, 0);
  const root = mkdtempSync(join(tmpdir(), "kill-"));
  try {
    const first = start(child, join(root, "whole"));
    await first.begun;
    const before = performance.now();
    const whole = await first.done;
    const length = performance.now() - before;
    say(
      `not killed: ${whole?.epochs} epochs in ${(length / 1000).toFixed(1)} s, weights ${whole?.weights.slice(0, 12)}`,
    );
    let [kills, runs, within] = [0, 0, 0];
    while (kills < count) {
      const folder = join(root, `run-${runs++}`);
      for (let left: Left | null = null; !left; ) {
        const run = start(child, folder);
        await run.begun;
        // A run is killed some six times before its end, before its first checkpoint and while it reads one, too.
        const delay = kills < count ? (random.uniform() * length) / 3 : 2 ** 30;
        const timer = setTimeout(() => run.process.kill("SIGKILL"), delay);
        left = await run.done;
        clearTimeout(timer);
        if (!left) {
          kills++;
          if (readdirSync(root).includes(`run-${runs - 1}`) && expectWhole(folder)) within++;
          continue;
        }
        if (left.passed.length > 0) throw new Error(`torn files: ${left.passed.join("; ")}`);
        const same = JSON.stringify(left) === JSON.stringify(whole);
        say(
          `run ${runs}: ${kills} kills so far, weights ${left.weights.slice(0, 12)}, ${same ? "the same" : "DIFFERENT"}`,
        );
        if (!same) throw new Error(`not killed: ${JSON.stringify(whole)}; killed: ${JSON.stringify(left)}`);
      }
    }
    return { kills, runs, within };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

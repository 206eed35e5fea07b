// The bar is checked through the callbacks that `fit` calls; no network is needed for that.
import { describe, expect, it } from "vitest";
import { ArgumentError } from "../../../src/core/errors.js";
import { type ProgressBarOptions, progressBar } from "../../../src/faces/progress.js";
import type { Callback, History, StepEvent } from "../../../src/train/callback.js";

/** Keeps what a terminal of 80 columns would have been told. */
class Screen {
  readonly columns = 80;
  readonly writes: string[] = [];

  constructor(readonly isTTY: boolean) {}

  write(text: string): boolean {
    this.writes.push(text);
    return true;
  }

  cursorTo(): void {}
  clearLine(): void {}

  get text(): string {
    return this.writes.join("");
  }
}

interface Run {
  epochs: number;
  stepsPerEpoch: number;
  /** Steps of an earlier, interrupted call. */
  from?: number;
  /** Steps after which this call stops. */
  until?: number;
  accuracy?: number;
}

/** Calls back as `fit` does; the loss of step i is 1 / (i + 1). */
async function run(callback: Callback, { epochs, stepsPerEpoch, from = 0, until, accuracy }: Run): Promise<void> {
  const history: History = { epochs: [], losses: [], from: { epoch: 0, step: 0 }, stopped: "finished" };
  for (let i = from; i < epochs * stepsPerEpoch; i++) {
    if (i === until) {
      await callback.onEnd?.({ ...history, stopped: "maxSteps" });
      return;
    }
    const [epoch, step] = [Math.floor(i / stepsPerEpoch), i % stepsPerEpoch];
    const event: StepEvent = { epoch, step, epochs, stepsPerEpoch, loss: 1 / (i + 1), gradNorm: 1, lr: 0.1 };
    await callback.onStep?.(event);
    if (step < stepsPerEpoch - 1) continue;
    const validation = accuracy === undefined ? {} : { validation: { loss: 0.5, accuracy, samples: 10 } };
    await callback.onEpoch?.({ epoch, loss: 0.25, lr: 0.1, ms: 1234, ...validation });
  }
  await callback.onEnd?.(history);
}

describe("progressBar on a terminal", () => {
  it("ends at 100 % with the last epoch's loss and accuracy, on a line of its own", async () => {
    const stream = new Screen(true);
    await run(progressBar({ stream, label: "plain 50" }), { epochs: 2, stepsPerEpoch: 5, accuracy: 0.875 });
    const last = stream.writes.at(-2)!;
    expect(last).toMatch(/^plain 50 {2}█+ 100% {2}epoch 2\/2 {2}loss 0\.2500/);
    expect(last).toContain("accuracy 87.5 %");
    expect(stream.writes.at(-1)).toBe("\n");
    expect(stream.text.match(/\n/g)).toHaveLength(1);
  });

  it("never draws beyond the terminal's width", async () => {
    const stream = new Screen(true);
    const label = "a label of some length";
    await run(progressBar({ stream, label, width: 1000 }), { epochs: 1, stepsPerEpoch: 3 });
    const drawn = stream.writes.filter((text) => text !== "\n");
    expect(drawn.length).toBeGreaterThan(0);
    for (const text of drawn) expect(text.trimEnd().length).toBeLessThanOrEqual(80);
  });

  it("finishes the line of an interrupted fit, and starts at what is left of it afterwards", async () => {
    const stream = new Screen(true);
    const callback = progressBar({ stream });
    await run(callback, { epochs: 1, stepsPerEpoch: 10, until: 5 });
    expect(stream.writes.at(-1)).toBe("\n");
    expect(stream.text).not.toContain("100%");
    stream.writes.length = 0;
    await run(callback, { epochs: 1, stepsPerEpoch: 10, from: 5 });
    expect(stream.writes[0]).toContain(" 20%"); // the first of five steps
    expect(stream.text).toContain("100%");
  });
});

describe("progressBar elsewhere", () => {
  it("writes one line per epoch", async () => {
    const stream = new Screen(false);
    await run(progressBar({ stream, label: "net" }), { epochs: 2, stepsPerEpoch: 7, accuracy: 0.5 });
    expect(stream.text).toBe(
      "net  epoch 1/2  loss 0.2500  accuracy 50.0 %  1.2 s\nnet  epoch 2/2  loss 0.2500  accuracy 50.0 %  1.2 s\n",
    );
  });
});

describe("progressBar refuses", () => {
  const cases: [string, unknown, RegExp][] = [
    ["an unknown option", { lable: "x" }, /option expected label, stream, width, got "lable"/],
    ["a label that is no string", { label: 3 }, /label expected a string, got 3/],
    ["a stream without write", { stream: {} }, /stream expected a stream with write\(\)/],
    ["a width of 0", { width: 0 }, /width expected an integer of at least 1, got 0/],
  ];
  it.each(cases)("%s", (_, options, message) => {
    const make = () => progressBar(options as ProgressBarOptions);
    expect(make).toThrow(ArgumentError);
    expect(make).toThrow(message);
  });
});

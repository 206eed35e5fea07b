// A checkpoint goes to PyTorch, is trained there by `examples/pytorch/resnet_wasm_checkpoint.py`, and comes back: losses go on
// as in a run that PyTorch did alone.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { epochOf, optimizers, trainerOf } from "./nets.js";

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** RESNET_WASM_WRITE=1 writes what ../generate/scale.py begins with. */
const writing = process.env.RESNET_WASM_WRITE === "1";

/** Losses of PyTorch: three epochs without a break, and the second one from our checkpoint. */
interface Losses {
  alone: number[][];
  second: number[];
}

describe.each(Object.keys(optimizers))("%s", (name) => {
  it("goes to PyTorch and comes back", async () => {
    const trainer = await trainerOf(name);
    if (writing) writeFileSync(file(`${name}-0.checkpoint`), await trainer.save());
    const first = epochOf(trainer);
    if (writing) writeFileSync(file(`${name}-1.checkpoint`), await trainer.save());
    if (writing || !existsSync(file("losses.json"))) return expect(writing).toBe(true);
    const { alone, second }: Losses = JSON.parse(readFileSync(file("losses.json"), "utf8"))[name];
    const close = (got: number[], expected: number[]) => {
      expect(got.length).toBe(expected.length);
      for (const [i, loss] of got.entries()) expect(Math.abs(loss - expected[i]), `loss ${i}`).toBeLessThan(2e-5);
    };
    close(first, alone[0]);
    close(second, alone[1]);
    const back = await trainerOf(name);
    await back.load(readFileSync(file(`${name}-2.checkpoint`)));
    expect(back.stepCount).toBe(16);
    close(epochOf(back), alone[2]);
    trainer.model.dispose();
    back.model.dispose();
  });
});

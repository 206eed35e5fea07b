// A kernel's record that lacks an argument, or names one that the kernel has not, does not compile.
import { describe, it } from "vitest";
import type { Context } from "../../src/graph/context.js";
import type { Node, Op } from "../../src/graph/op.js";
import { batchNormStats } from "../../src/ops/batch-norm.js";
import type { add as Add, dropout as Dropout } from "../../src/ops/elementwise.js";
import { scaleChannels } from "../../src/ops/elementwise.js";
import type { softmax as Softmax } from "../../src/ops/loss.js";

type NodeOf<O> = O extends Op<infer A> ? Node<A> : never;

declare const c: Context;
declare const record: <A extends object>(op: Op<A>, attributes: NoInfer<A>) => void;
declare const add: NodeOf<typeof Add>;
declare const dropout: NodeOf<typeof Dropout>;
declare const softmax: NodeOf<typeof Softmax>;

describe("an op", () => {
  it("is recorded with its own attributes alone", () => {
    record(scaleChannels, {});
    record(batchNormStats, { eps: 1 });
    // @ts-expect-error: an attribute is missing
    record(batchNormStats, {});
    // @ts-expect-error: an attribute of another type
    record(batchNormStats, { eps: "small" });
    // @ts-expect-error: an attribute that the op has not
    record(batchNormStats, { eps: 1, epsilon: 1 });
  });
});

describe("emit", () => {
  it("takes the arguments from operands, attributes and sizes, and asks for the others", () => {
    c.emit("f32_softmax", softmax, "x", "y");
    c.emit("f32_dropout", dropout, "x", "y", { rng: 0 });
    // @ts-expect-error: the address of the generator's state is missing
    c.emit("f32_dropout", dropout, "x", "y");
    // @ts-expect-error: the code of the activation is missing
    c.emit("f32_add", add, "a b", "y", { param: 0 });
    // @ts-expect-error: an operand is missing
    c.emit("f32_add", add, "a", "y", { activation: 0, param: 0 });
  });

  it("knows kernels and their arguments by name", () => {
    // @ts-expect-error: a kernel that there is not
    c.emit("f32_soft_max", softmax, "x", "y");
    // @ts-expect-error: an argument that the kernel has not
    c.emit("f32_softmax", softmax, "x", "y", { axis: 1 });
    // @ts-expect-error: an argument of another type
    c.emit("f32_softmax", softmax, "x", "y", { log: "yes" });
  });
});

// A kernel's record that lacks an argument, or names one that the kernel has not, does not compile.
import { describe, it } from "vitest";
import type { Node } from "../../src/graph/graph.js";
import type { Context } from "../../src/program/context.js";

declare const c: Context;
declare const add: Node<"add">;
declare const dropout: Node<"dropout">;
declare const softmax: Node<"softmax">;

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

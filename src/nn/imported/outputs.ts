/** The outputs of an imported network that has several: one vector of their numbers inside. */
import { ArgumentError, describe, expectation } from "../../core/errors.js";
import { isRecord } from "../../core/options.js";
import { numel, type Shape } from "../../core/shape.js";
import { type Tensor, type TensorLike, toBatch } from "../../core/tensor.js";
import type { ValueId } from "../../graph/value.js";
import type { Builder } from "../../ops/builder.js";
import { concat } from "../../ops/movement.js";
import type { SeveralOutputs } from "../outputs.js";
import { channelsLast, type Definition, identity, wholeSample } from "./recording.js";

/** Records outputs as one, [n, all numbers]. */
export function recordJoined(b: Builder, { outputs }: Definition, values: readonly ValueId[]): ValueId {
  const names = outputs.map(({ name }) => name);
  b.expect(b.path === "", "outputs", "one, where a network is part of another", describe(names));
  b.graph.outputs = new Map(names.map((name, i) => [name, values[i]]));
  const rows = values.map((id) => {
    const [n, ...sample] = b.shape(id);
    return b.reshape(id, [n, numel(sample)]);
  });
  return b.op(concat, rows, { axis: 1 })[0];
}

export function severalOutputs({ outputs, shapes, isWhole }: Definition): SeveralOutputs {
  const parts = outputs.map(({ name, value, isChannelsLast }): [name: string, shape: Shape, size: number] => {
    const sizes = isWhole ? wholeSample(shapes[value]) : shapes[value];
    const order = isChannelsLast ? identity(sizes.length) : channelsLast(sizes.length);
    const shape = order.slice(1).map((axis) => sizes[axis]);
    return [name, shape, numel(shape)];
  });
  const total = parts.reduce((sum, [, , size]) => sum + size, 0);
  const names = parts.map(([name]) => name);

  /** Calls `each` with every output's part of each row of [n, total]. */
  const visit = (n: number, each: (name: string, row: number, from: number, size: number) => void) => {
    for (let row = 0, from = 0; row < n; row++)
      for (const [name, , size] of parts) {
        each(name, row, from, size);
        from += size;
      }
  };

  return {
    shapes: Object.fromEntries(parts),
    split({ data, shape: [n] }) {
      const made = new Map(
        parts.map(([name, shape, size]) => [name, { data: new Float32Array(n * size), shape: [n, ...shape] }]),
      );
      visit(n, (name, row, from, size) => made.get(name)?.data.set(data.subarray(from, from + size), row * size));
      return Object.fromEntries(made);
    },
    join(where, dy) {
      const refuse = (got: unknown) =>
        new ArgumentError(expectation(where, "dy", `gradients by output: ${names.join(", ")}`, got));
      if (!isRecord(dy)) throw refuse(dy);
      const unknown = Object.keys(dy).filter((name) => !names.includes(name));
      if (unknown.length > 0) throw refuse(describe(unknown));
      const given = new Map(
        parts.flatMap(([name, shape]) =>
          Object.hasOwn(dy, name) ? [[name, toBatch(where, `dy.${name}`, dy[name] as TensorLike, shape)]] : [],
        ),
      );
      const [n = 0, ...others] = [...given.values()].map(({ batchSize }) => batchSize);
      if (given.size === 0 || others.some((other) => other !== n)) throw refuse(describe([n, ...others]));
      const joined: Tensor = { data: new Float32Array(n * total), shape: [n, total] };
      visit(n, (name, row, from, size) => {
        const data = given.get(name)?.data;
        for (let i = 0; data && i < size; i++) joined.data[from + i] = data[row * size + i];
      });
      return joined;
    },
    refuse(where) {
      const hint = `Import the file with { outputs: [${describe(names[0])}] } for one of them`;
      throw new ArgumentError(expectation(where, "network", "one output", names.join(", "), { hint }));
    },
  };
}

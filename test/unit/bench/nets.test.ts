// The bench's lists of operations are the library's networks: the same parameters, of the same shapes.
import { describe, expect, it } from "vitest";
import { contenders } from "../../../bench/contenders.js";
import { network } from "../../../bench/nets.js";
import { networkOf } from "../../../bench/ours/library.js";
import { groups } from "../../../bench/tasks.js";
import * as library from "../../support/stubbed.js";

interface Task {
  name: string;
  kind: string;
  net?: string;
  keras?: boolean;
  batch?: number;
  conv?: number[];
  size?: number;
  classes?: number;
}

const byName = Object.entries(groups as Record<string, { tasks: Task[] }>);
const tasks = byName.flatMap(([group, { tasks }]) =>
  tasks.filter(({ net }) => net).map((task) => ({ ...task, group })),
);
const all = contenders as { folder: string; takes?: (task: Task) => boolean }[];
const different = [
  ...new Map(
    tasks.map((task) => {
      const { net, keras, conv, size, classes } = task;
      return [JSON.stringify({ net, keras, conv, size, classes }), task];
    }),
  ).values(),
];

describe("the bench's networks", () => {
  it.each(different.filter(({ keras }) => !keras))("$net of $group", async (task) => {
    const net = network(task);
    const model = await library.createModel(networkOf(library, task), { inputShape: net.ops[0].shape });
    const shapes = [...model.stateDict()].filter(([name]) => !name.endsWith("num_batches_tracked"));
    const ours = Object.fromEntries(shapes.map(([name, { shape }]) => [name, shape.join(" x ")]));
    const theirs = net.parameters.map((p: { name: string; shape: number[] }) => [p.name, p.shape.join(" x ")]);
    expect(Object.fromEntries(theirs)).toEqual(ours);
    const images = new Float32Array(net.ops[0].shape.reduce((a: number, b: number) => a * b, 1));
    expect(model.predict(images).shape).toEqual([1, ...net.ops.at(-1).shape]);
    model.dispose();
  });

  it.each(different.filter(({ keras }) => keras))("Keras' $net has the sizes of torchvision's", (task) => {
    const [keras, torch] = [true, false].map((keras) => network({ ...task, keras }));
    expect(keras.parameters.map(({ name }: { name: string }) => name)).toEqual(
      torch.parameters.map(({ name }: { name: string }) => name),
    );
    const images = ({ ops }: { ops: { kind: string; shape: number[] }[] }) =>
      ops.filter(({ kind }) => kind === "conv").map(({ shape }) => shape.join(" x "));
    if (task.net !== "resnet50") expect(images(keras)).toEqual(images(torch)); // its stride stands elsewhere
    expect(keras.ops.at(-1)).toMatchObject({ kind: "softmax", shape: [1000] });
  });

  it("every task has somebody of ours, and a rival where it is not about ourselves", () => {
    for (const task of tasks) {
      const names = all.filter(({ takes }) => !takes || takes(task)).map(({ folder }) => folder);
      expect(names, `${task.group}, ${task.name}`).toEqual(expect.arrayContaining(["ours", "ort"]));
      expect(names.includes("litert"), `${task.group}, ${task.name}`).toBe(task.keras === true);
    }
  });
});

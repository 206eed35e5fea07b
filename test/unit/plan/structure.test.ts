// What every plan looks like: order, stages, constants, gradients, and its text.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Linear, ReLU, Residual, Sequential } from "../../../src/faces/main.js";
import { printGraph } from "../../../src/graph/graph.js";
import { type Node, STAGES } from "../../../src/graph/op.js";
import type { ValueId } from "../../../src/graph/value.js";
import type { Plan } from "../../../src/plan/plan.js";
import { RUNS, samples } from "../../support/networks.js";
import { kinds, planOf, valuesOf } from "./requests.js";

const all = ({ prepare, step }: Plan): Node[] => [...prepare, ...step];

/** Parameters and buffers that the plan itself writes. */
function written({ graph, step }: Plan, isFrozen: (name: string) => boolean): Set<ValueId> {
  const updates = step.some(({ op }) => op.name === "gradNorm");
  const trained = updates ? graph.parameters.filter(({ name }) => !isFrozen(name)).map(({ value }) => value) : [];
  const statistics = step.flatMap(({ op, inputs }) => (op.writes ?? []).map((i) => inputs[i]));
  return new Set([...trained, ...statistics]);
}

describe.each(Object.entries(kinds))("%s", (_, kind) => {
  const isFrozen = kind.isFrozen ?? (() => false);
  const forAll = (check: (plan: Plan) => void) => () =>
    fc.assert(
      fc.property(samples, (sample) => check(planOf(sample, kind))),
      RUNS,
    );

  it(
    "makes every value once, before it is read, in ordered stages",
    forAll((plan) => {
      const { graph } = plan;
      const { input, target, outputGradient } = valuesOf(plan);
      const made = new Set<ValueId>([input, target, outputGradient].filter((id) => id !== undefined));
      for (const { value } of [...graph.parameters, ...graph.buffers]) made.add(value);
      for (const { op, inputs, outputs } of all(plan)) {
        for (const id of inputs) if (!made.has(id)) throw new Error(`${op.name} reads %${id} too early`);
        for (const id of outputs) if (made.has(id)) throw new Error(`${op.name} makes %${id} again`);
        for (const id of outputs) made.add(id);
      }
      const stages = plan.step.map(({ stage }) => STAGES.indexOf(stage));
      expect(stages).toEqual(stages.toSorted((a, b) => a - b));
      expect(all(plan).length).toBe(graph.nodes.length);
    }),
  );

  it(
    "prepares what depends on fixed weights alone, and all of it",
    forAll((plan) => {
      const { graph } = plan;
      const varying = written(plan, isFrozen);
      const constant = new Set<ValueId>(
        [...graph.parameters, ...graph.buffers].map(({ value }) => value).filter((id) => !varying.has(id)),
      );
      const isConstant = ({ inputs, outputs }: Node) =>
        inputs.length > 0 && outputs.length > 0 && inputs.every((id) => constant.has(id));
      for (const node of plan.prepare) {
        if (!isConstant(node)) throw new Error(`${node.op.name} is prepared`);
        for (const id of node.outputs) constant.add(id);
      }
      for (const node of plan.step) if (isConstant(node)) throw new Error(`${node.op.name} runs in every step`);
      const made = new Set(plan.prepare.flatMap(({ outputs }) => outputs));
      for (const id of plan.prepared.keys()) if (!made.has(id)) throw new Error(`%${id} is not prepared`);
      expect(new Set(plan.prepared.values()).size).toBe(plan.prepared.size);
    }),
  );

  it(
    "leaves nothing out: a gradient for each trained parameter, no op that nobody needs",
    forAll((plan) => {
      const { graph } = plan;
      const gradients = all(plan).flatMap(({ outputs }) =>
        outputs.map((id) => graph.values[id]).filter(({ role }) => role === "gradient"),
      );
      const expected =
        kind.backward === "none" ? [] : graph.parameters.filter(({ name }) => !isFrozen(name)).map(({ name }) => name);
      expect(gradients.map(({ name }) => name).toSorted()).toEqual(expected.toSorted());
      if (kind.keepAll) return;
      const read = new Set(all(plan).flatMap(({ inputs }) => inputs));
      const { output, loss, inputGradient } = valuesOf(plan);
      const wanted = [output, loss, inputGradient];
      for (const node of all(plan)) {
        const acts =
          node.outputs.length === 0 ||
          node.outputs.some((id) => read.has(id) || wanted.includes(id) || graph.values[id].role === "gradient");
        if (!acts) throw new Error(`nobody reads ${node.op.name} of ${node.path}`);
      }
    }),
  );

  it(
    "prints one line for each op",
    forAll((plan) => {
      const lines = printGraph(plan.graph, plan.step).split("\n");
      expect(plan.step.length === 0 ? lines : lines.length).toEqual(plan.step.length === 0 ? [""] : plan.step.length);
      plan.step.forEach(({ op }, i) => {
        if (!lines[i].includes(`= ${op.name}(`) && !lines[i].startsWith(`${op.name}(`)) throw new Error(lines[i]);
      });
    }),
  );
});

it("reads like the network", () => {
  const block = new Residual(new Sequential(new Linear(8, 8), new ReLU(), new Linear(8, 8)), {
    activation: new ReLU(),
  });
  const sample = { network: new Sequential(new Linear(4, 8), block), inputShape: [4], batchSize: 16 };
  const plan = planOf(sample, kinds.predict);
  expect(printGraph(plan.graph, plan.prepare)).toMatchInlineSnapshot(`
    "%13 [1, 4, 8] = packB(0.weight) {"transposed":true}  0
    %14 [1, 8, 8] = packB(1.main.0.weight) {"transposed":true}  1.main.0
    %15 [1, 8, 8] = packB(1.main.2.weight) {"transposed":true}  1.main.2"
  `);
  expect(printGraph(plan.graph, plan.step)).toMatchInlineSnapshot(`
    "%3 [16, 8] = linear(%0, %13, 0.bias) {"epilogue":{"bias":true,"residual":false,"activation":null,"derivative":false},"algorithm":"gemm"}  0
    %7 [16, 8] = linear(%3, %14, 1.main.0.bias) {"epilogue":{"bias":true,"residual":false,"activation":{"kind":"relu","param":0},"derivative":false},"algorithm":"gemm"}  1.main.0
    %12 [16, 8] = linear(%7, %15, 1.main.2.bias, %3) {"epilogue":{"bias":true,"residual":true,"activation":{"kind":"relu","param":0},"derivative":false},"algorithm":"gemm"}  1.main.2"
  `);
  const { graph, prepare, step } = planOf(sample, kinds["forward and backward"]);
  expect(prepare.map(({ op }) => op.name)).toEqual(Array(6).fill("packB"));
  expect(step.map(({ op, path }) => `${op.name} ${path}`.trim())).toMatchInlineSnapshot(`
    [
      "linear 0",
      "linear 1.main.0",
      "linear 1.main.2",
      "activationDx 1",
      "packB 1.main.2",
      "linearDw 1.main.2",
      "columnSum 1.main.2",
      "linearDx 1.main.2",
      "packB 1.main.0",
      "linearDw 1.main.0",
      "columnSum 1.main.0",
      "linearDx 1.main.0",
      "linearDx 0",
      "packB 0",
      "linearDw 0",
      "columnSum 0",
    ]
  `);
  expect(graph.parameters.map(({ name }) => name)).toEqual([
    "0.weight",
    "0.bias",
    "1.main.0.weight",
    "1.main.0.bias",
    "1.main.2.weight",
    "1.main.2.bias",
  ]);
});

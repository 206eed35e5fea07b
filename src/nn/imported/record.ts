/** Records the steps of an imported network, each as a layer of its own with the file's name of the node. */
import { sameShape } from "../../core/shape.js";
import type { ValueId } from "../../graph/value.js";
import type { Builder } from "../../ops/builder.js";
import { emitters, pathOf } from "./emit.js";
import { emittersOf, furtherHelper, PARTS } from "./parts.js";
import {
  channelsLast,
  type Definition,
  identity,
  type Placed,
  Recording,
  Unsupported,
  wholeSample,
} from "./recording.js";
import type { Step } from "./step.js";

/** Hears of steps for which there is no op. */
export type OnUnsupported = (step: Step, reason: string) => void;

/** Records all steps and returns the outputs, channels last. Throws a `ResnetWasmError` where a step takes parts that have not come. */
export function recordSteps(b: Builder, definition: Definition, x: ValueId, onUnsupported: OnUnsupported): ValueId[] {
  const recording = new Recording(b, definition, x, (id, order) => furtherHelper("transposed")(b, id, order));
  const classic = new Map(Object.entries(emitters()));
  const natural = (value: Placed): ValueId => recording.arranged(value, channelsLast(value.shape.length));
  /** As it lies, where that is the file's order: what rows are made of. */
  const shown = (value: Placed): ValueId =>
    sameShape(value.order, identity(value.order.length)) ? value.id : natural(value);
  for (const step of definition.steps) {
    const shape = recording.shapeOf(step.outputs[0]);
    const last = channelsLast(shape.length);
    const emit = (): Placed => {
      let made = classic.get(step.op)?.(step, recording, shape);
      for (const part of PARTS) made ??= emittersOf(part).get(step.op)?.(step, recording, shape);
      if (!made) throw new Unsupported("");
      const { id, order = last } = made;
      return { id, shape, order };
    };
    const build = (): ValueId => {
      let made: Placed;
      try {
        made = emit();
      } catch (error) {
        if (!(error instanceof Unsupported)) throw error;
        onUnsupported(step, error.message);
        // A value of the same shape, so that the steps after it are looked at too.
        const memory = last.map((axis) => shape[axis]);
        made = { id: b.graph.value(memory, "activation"), shape, order: last };
      }
      recording.values.set(step.outputs[0], made);
      // Where nobody looks at it, what orders it so is dropped.
      const y = shown(made);
      b.layer(step.op, y, step.name);
      return y;
    };
    b.child(pathOf(step), { build }, x);
  }
  return definition.outputs.map(({ value, isChannelsLast }) => {
    if (definition.isWhole) {
      const made = recording.operand(value);
      return b.reshape(recording.arranged(made, identity(made.shape.length)), wholeSample(made.shape));
    }
    const made = recording.value(value);
    return isChannelsLast ? recording.arranged(made, identity(made.shape.length)) : natural(made);
  });
}

/** An imported net as a layer: records the canonical steps through the Builder, channels last. */
import type { ValueId } from "../graph/value.js";
import { Layer } from "../nn/layer.js";
import type { Builder } from "../ops/builder.js";
import { emitters } from "./emit.js";
import type { Step } from "./net.js";
import { channelsLast, type Definition, Recording, Unsupported } from "./recording.js";

/** Records all steps; `onUnsupported` gets those for which there is no op. */
export function recordSteps(
  b: Builder,
  definition: Definition,
  x: ValueId,
  onUnsupported: (step: Step, reason: string) => void,
): ValueId {
  const recording = new Recording(b, definition, x);
  const known = new Map(Object.entries(emitters()));
  for (const step of definition.steps) {
    const name = step.outputs[0];
    const shape = recording.shapeOf(name);
    const last = channelsLast(shape.length);
    try {
      const emit = known.get(step.op);
      if (!emit) throw new Unsupported("");
      const { id, order = last } = emit(step, recording, shape);
      recording.values.set(name, { id, shape, order });
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      onUnsupported(step, error.message);
      // A value of the same shape, so that the steps after it are looked at too.
      const memory = last.map((axis) => shape[axis]);
      recording.values.set(name, { id: b.graph.value(memory, "activation"), shape, order: last });
    }
  }
  const { output } = definition;
  const made = recording.value(output);
  const last = channelsLast(made.shape.length);
  try {
    return recording.arranged(made, last);
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error;
    onUnsupported({ op: "output", name: output, inputs: [output], outputs: [], attributes: {} }, error.message);
    return made.id;
  }
}

/** A network of an ONNX file. Its weights have the file's names; `importOnnx` makes it. */
export class OnnxNetwork extends Layer {
  readonly type = "OnnxNetwork";
  readonly definition: Definition;

  constructor(definition: Definition) {
    super();
    this.definition = definition;
  }

  protected args(): unknown[] {
    return [this.definition];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    return recordSteps(b, this.definition, x, (step, reason) => {
      b.expect(false, `node ${step.name}`, "an op that there is", `${step.op} ${reason}`);
    });
  }
}

/** An imported network as a layer. */
import { expectation, FormatError, ResnetWasmError } from "../../core/errors.js";
import { messageOf } from "../../core/thrown.js";
import type { ValueId } from "../../graph/value.js";
import type { Builder } from "../../ops/builder.js";
import { Layer, type NewHead } from "../layer.js";
import type { SeveralOutputs } from "../outputs.js";
import { withNewHead } from "./head.js";
import { recordJoined, severalOutputs } from "./outputs.js";
import { recordSteps } from "./record.js";
import type { Definition } from "./recording.js";

/** A network of an ONNX file. Its weights have the file's names; `importOnnx` makes it. */
export class OnnxNetwork extends Layer {
  readonly type = "OnnxNetwork";
  readonly definition: Definition;

  /** @internal */
  constructor(definition: Definition) {
    super();
    this.definition = definition;
  }

  protected args(): unknown[] {
    return [this.definition];
  }

  /** @internal */
  override outputs(): SeveralOutputs | undefined {
    return severalOutputs(this.definition);
  }

  /** @internal */
  override takesOne(): boolean {
    return this.definition.isWhole === true;
  }

  /** @internal */
  override withHead(classes: number, head: string | undefined): NewHead {
    const made = withNewHead(this.definition, classes, head);
    return { network: new OnnxNetwork(made.definition), head: made.head };
  }

  protected record(b: Builder, x: ValueId): ValueId {
    try {
      const values = recordSteps(b, this.definition, x, (step, reason) => {
        b.expect(false, `node ${step.name}`, "an op that there is", `${step.op} ${reason}`);
      });
      return values.length === 1 ? values[0] : recordJoined(b, this.definition, values);
    } catch (cause) {
      // A definition that comes with a saved model may be anything.
      if (cause instanceof ResnetWasmError) throw cause;
      const expected = "steps that can be recorded";
      throw new FormatError(expectation("network", "definition", expected, messageOf(cause)), { cause });
    }
  }
}

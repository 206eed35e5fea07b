/** An imported network as a layer. */
import { expectation, FormatError, ResnetWasmError } from "../../core/errors.js";
import { demanded } from "../../core/on-demand.js";
import { messageOf } from "../../core/thrown.js";
import type { ValueId } from "../../graph/value.js";
import { Builder } from "../../ops/builder.js";
import { Layer, type NewHead } from "../layer.js";
import type { SeveralOutputs } from "../outputs.js";
import { withNewHead } from "./head.js";
import { furtherHelper } from "./parts.js";
import { recordSteps } from "./record.js";
import { type Definition, inputShape, unsupported } from "./recording.js";

/**
 * A network of an ONNX file. Its weights have the file's names; `importOnnx` makes it.
 *
 * @example
 * const { network }: { network: OnnxNetwork } = importOnnx(readFileSync("resnet18.onnx"));
 */
export class OnnxNetwork extends Layer {
  readonly type = "OnnxNetwork";
  readonly definition: Definition;

  /** @internal */
  constructor(definition: Definition) {
    super();
    this.definition = definition;
  }

  /** @internal Fetches the parts that networks of these definitions take, one after the other. */
  static async fetchParts(where: string, definitions: readonly Definition[]): Promise<void> {
    for (const fetchPart of [() => import("./further-shapes.js"), () => import("./further-others.js")])
      if (!definitions.every(isComplete)) (await demanded(where, fetchPart())).use();
  }

  protected args(): unknown[] {
    return [this.definition];
  }

  /** @internal */
  override outputs(): SeveralOutputs | undefined {
    return this.definition.outputs.length === 1 ? undefined : furtherHelper("severalOutputs")(this.definition);
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
      return values.length === 1 ? values[0] : furtherHelper("recordJoined")(b, this.definition, values);
    } catch (cause) {
      // A definition that comes with a saved model may be anything.
      if (cause instanceof ResnetWasmError) throw cause;
      const expected = "steps that can be recorded";
      throw new FormatError(expectation("network", "definition", expected, messageOf(cause)), { cause });
    }
  }
}

/** Whether a network takes no parts but those that are there already. What fails here is told of when it is made. */
export function isComplete(definition: Definition): boolean {
  const b = new Builder({ training: false });
  try {
    if (definition.outputs.length > 1) furtherHelper("recordJoined");
    recordSteps(b, definition, b.graph.value(inputShape(definition, 2), "input"), (_, reason) => unsupported(reason));
    return true;
  } catch {
    return false;
  }
}

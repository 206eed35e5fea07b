/** Records a network into a graph: keeps the path of the layer at work and names its parameters after it. */

import { ArgumentError, expectation } from "../core/errors.js";
import type { Shape } from "../core/shape.js";
import { Graph, type Init } from "../graph/graph.js";
import { type Layout, memoryShape } from "../graph/layout.js";
import type { Op } from "../graph/op.js";
import type { ValueId } from "../graph/value.js";

/** What layers need to know about the plan they are recorded for. */
export interface BuildMode {
  /** Dropout drops, BatchNorm takes the batch's own statistics. */
  training: boolean;
  /** Whether the parameter of this name is excluded from training; a BatchNorm with frozen weight uses running statistics. */
  isFrozen?: (name: string) => boolean;
}

export interface ParameterOptions {
  init: Init;
  layout?: Layout;
}

export class Builder {
  readonly graph = new Graph();
  readonly mode: BuildMode;
  #path: string[] = [];
  #streams = 0;

  constructor(mode: BuildMode) {
    this.mode = mode;
  }

  /** The path of the layer at work, `main.0`. */
  get path(): string {
    return this.#path.join(".");
  }

  /** Runs `record` one level deeper in the network. */
  scope<T>(name: string, record: () => T): T {
    this.#path.push(name);
    try {
      return record();
    } finally {
      this.#path.pop();
    }
  }

  /** The state-dict name of a parameter of the layer at work. */
  nameOf(name: string): string {
    return [...this.#path, name].join(".");
  }

  isFrozen(name: string): boolean {
    return this.mode.isFrozen?.(this.nameOf(name)) ?? false;
  }

  shape(id: ValueId): Shape {
    return this.graph.shape(id);
  }

  parameter(name: string, shape: Shape, options: ParameterOptions): ValueId {
    return this.#declare("parameter", name, shape, options);
  }

  buffer(name: string, shape: Shape, value: number): ValueId {
    return this.#declare("buffer", name, shape, { init: { kind: "constant", value } });
  }

  #declare(
    role: "parameter" | "buffer",
    name: string,
    shape: Shape,
    { init, layout = "same" }: ParameterOptions,
  ): ValueId {
    const full = this.nameOf(name);
    const list = role === "parameter" ? this.graph.parameters : this.graph.buffers;
    const value = this.graph.value(memoryShape(shape, layout), role, { name: full });
    list.push({ name: full, value, shape, layout, init, path: this.path });
    return value;
  }

  /** Appends an op and returns its outputs. */
  op<A extends object>(op: Op<A>, inputs: ValueId[], attributes: NoInfer<A>): ValueId[] {
    return this.graph.add(op, inputs, attributes, this.path);
  }

  /** The next random stream; layers take them in the order in which they are recorded. */
  stream(): number {
    return ++this.#streams;
  }

  /** Notes a finished layer for `summary()`. */
  layer(type: string, output: ValueId): void {
    this.graph.layers.push({ path: this.path, type, outputShape: this.shape(output), output });
  }

  /** Raises a shape or argument error that names the layer. */
  expect(condition: boolean, name: string, expected: unknown, got: unknown, hint?: string, Kind = ArgumentError): void {
    if (!condition) throw new Kind(expectation("network", name, expected, got, { path: this.path, hint }));
  }
}

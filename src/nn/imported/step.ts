/** What an imported network is made of: canonical ops. */
import { expectation, FormatError } from "../../core/errors.js";

export type AttributeValue = number | boolean | string | number[];

/** One op. In shapes and axes the order is the file's, channels first. */
export interface Step {
  op: string;
  /** The file's name of the node. */
  name: string;
  /** Names of values; an empty name is an input that is left out. */
  inputs: string[];
  outputs: string[];
  attributes: Record<string, AttributeValue>;
}

type Attributes = Readonly<Step["attributes"]>;

/** An attribute that is a number. Throws `FormatError` on others: what comes with a saved model may be anything. */
export function numberOf(attributes: Attributes, name: string): number {
  const value = attributes[name];
  if (typeof value === "number") return value;
  throw new FormatError(expectation("network", `attribute ${name}`, "a number", value));
}

/** An attribute that is a list of numbers. Throws `FormatError` on others. */
export function numbersOf(attributes: Attributes, name: string): number[] {
  const value = attributes[name];
  if (Array.isArray(value)) return value;
  throw new FormatError(expectation("network", `attribute ${name}`, "numbers", value));
}

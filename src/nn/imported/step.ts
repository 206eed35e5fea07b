/** What an imported network is made of: canonical ops. */

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

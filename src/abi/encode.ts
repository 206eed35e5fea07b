/** Writes records: [kernel number, words in the record, field 0, field 1, …, words of a table]. */
import { ACTIVATION_GRADIENT, ACTIVATIONS } from "./enums.js";
import { kernelOf } from "./kernel.js";
import { GROUPS, type KernelArguments, type KernelName } from "./records.js";

/** Words of a record in front of its fields. */
const HEADER = 2;

const bits = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(4));

/** The place in `GROUPS` of the group that a record takes: its kernel's, or that of its activation. */
export const recordGroup = (kernel: KernelName, { activation = ACTIVATIONS.none }: { activation?: number }): number =>
  activation % ACTIVATION_GRADIENT > ACTIVATIONS.relu ? GROUPS.indexOf("further") : kernelOf(kernel)[1];

/** Appends the record of one kernel call to `words`, and a table that the kernel reads after its fields. */
export function encodeRecord<K extends KernelName>(
  words: number[],
  kernel: K,
  args: KernelArguments<K>,
  table: readonly number[] = [],
): void {
  const [number, , fields] = kernelOf(kernel);
  const given: Readonly<Record<string, number>> = args;
  const names = fields.split(" ");
  words.push(number, names.length + HEADER + table.length);
  for (const name of names) {
    if (name[0] === "~") {
      bits.setFloat32(0, given[name.slice(1)], true);
      words.push(bits.getInt32(0, true));
    } else words.push(given[name] | 0);
  }
  for (const word of table) words.push(word);
}

/** What the program is given: a picture, a table and a file of torch.save, as a module of text, which every platform takes. */
import { readFileSync } from "node:fs";
import { encode } from "fast-png";
import { fromRoot } from "../../scripts/root.js";

const PICTURE = encode({
  ...{ width: 2, height: 2, channels: 3, depth: 8 },
  data: Uint8Array.from([255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30]),
});
const row = (_: unknown, i: number) => `${i % 2 ? "a" : "b"},${((i * i + 5) % 23) + 3 * (i % 2)},${(i * i * i) % 11}`;
const TABLE = ["kind,length,width", ...Array.from({ length: 60 }, row), ""].join("\n");

const text = (bytes: Uint8Array) => JSON.stringify(Buffer.from(bytes).toString("base64"));

/** files.js, which the program imports. */
export function givenFiles(): string {
  const pth = readFileSync(fromRoot("test/golden/pytorch/parameters.pth"));
  return `const bytes = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
export const PICTURE = bytes(${text(PICTURE)});
export const PTH = bytes(${text(pth)});
export const TABLE = ${JSON.stringify(TABLE)};
`;
}

/** Whether what is made of sources is still there as it was made of them: then it need not be made again. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fromRoot } from "./root.js";

/** Files below a path, which may be one itself. */
function filesOf(path: string): string[] {
  if (!existsSync(fromRoot(path))) return [];
  if (!statSync(fromRoot(path)).isDirectory()) return [path];
  return readdirSync(fromRoot(path))
    .sort()
    .flatMap((name) => filesOf(join(path, name)));
}

function digestOf(paths: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of paths.flatMap(filesOf))
    hash
      .update(`${file}\0`)
      .update(readFileSync(fromRoot(file)))
      .update("\0");
  return hash.digest("hex");
}

/** Sources, what is made of them, and the file that keeps the digests of both. Node's version counts as a source. */
export class Unchanged {
  readonly #file: string;
  readonly #made: string;
  readonly #from: string;

  constructor(file: string, sources: readonly string[], made: string) {
    this.#file = file;
    this.#made = made;
    this.#from = `${process.version} ${digestOf(sources)}`;
  }

  #digests = (): string => `${this.#from} ${digestOf([this.#made])}`;

  holds(): boolean {
    return existsSync(this.#file) && readFileSync(this.#file, "utf8") === this.#digests();
  }

  keep(): void {
    writeFileSync(this.#file, this.#digests());
  }
}

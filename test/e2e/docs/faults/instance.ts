// A kind of fault, and the tests that hold it off in each entry.

export type Entry = "main" | "worker" | "inference" | "data" | "onnx, pytorch" | "tools";

export interface Instance {
  entry: Entry;
  /** What would go wrong. */
  says: string;
  /** A test file from test/, and words of it that name the test. */
  test: readonly [file: string, title: string];
}

export interface Kind {
  number: number;
  title: string;
  /** Programs of the folder of seen faults, by number. */
  programs: readonly string[];
  instances: readonly Instance[];
}

const on =
  (entry: Entry) =>
  (says: string, file: string, title: string): Instance => ({ entry, says, test: [`${file}.test.ts`, title] });
export const [main, worker, inference, data] = [on("main"), on("worker"), on("inference"), on("data")] as const;
export const [files, tools] = [on("onnx, pytorch"), on("tools")] as const;

/** Kinds by number: title, programs, instances. */
export type Kinds = Record<string, readonly [title: string, programs: readonly string[], ...instances: Instance[]]>;

/** What a platform of the matrix is, and what a run finds out about it. */
import type { Project } from "./project.js";

/** What one entry gave: numbers and hashes, or the error that it ended with. */
export interface Found {
  losses?: readonly number[];
  error?: string;
  message?: string;
  stack?: string;
  [what: string]: unknown;
}

/** By the main entry and all that run in the same thread, and by `resnet-wasm/worker`. */
export interface Outcome {
  main: Found;
  worker?: Found;
  /** By files and the threads of prefetch, in Node, Deno and Bun. */
  server?: Found;
  /** Losses of the recipe in docs/frameworks.md. */
  guide?: readonly number[];
}

/** A tool, framework or place that programs run in. */
export interface Platform {
  /** What `--only` calls it. */
  name: string;
  /** What the table calls it. */
  title: string;
  /** Is in the part that CI runs. */
  ci?: boolean;
  /** What npm installs beside the package, as `name@range`; the first tells the version. */
  packages?: readonly string[];
  /** Its version, where no package of npm tells it. */
  version?(project: Project): string | Promise<string>;
  /** What this machine lacks, which the run needs; undefined where all is there. */
  missing?(): string | undefined;
  /** Why it is left out where it is not there, in the table's words. */
  absent?(): string | undefined;
  /** Files of the project beside the program, by their paths. */
  files?: Readonly<Record<string, string>>;
  /** Why there are no workers for models: the worker's entry throws a `RuntimeSupportError`. */
  noWorkers?: string;
  /** Why the worker's entry is not asked at all, because main entry and worker are told apart in other modes. */
  mainAlone?: string;
  /** The ways in which it is used; each resolves to what the program found. */
  modes: Readonly<Record<string, (project: Project) => Promise<Outcome>>>;
}

/** A line of the result. */
export interface Row {
  platform: string;
  title: string;
  version: string;
  mode: string;
  main: string;
  worker: string;
  /** What went wrong; empty where the row holds. */
  failures: readonly string[];
  seconds: number;
}

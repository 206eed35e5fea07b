/** What a cluster tells of itself. */

/** What a cluster tells of a worker. */
export interface WorkerInfo {
  id: string;
  threads: number;
  /** Such as "x64", "arm64". */
  arch: string;
  /** Parts that were accepted of it. */
  parts: number;
  /** Takes part: it has the same version, model and data, and lives. */
  ready: boolean;
  /** Why it does not. */
  refusal?: string;
}

/** What happens in a cluster, for those who watch. */
export type ClusterEvent =
  /** A worker takes part, or is not heard any more. */
  | { type: "joined" | "lost"; worker: string }
  /** A worker is not let take part, and why. */
  | { type: "refused"; worker: string; reason: string }
  /** A part was accepted: of which worker, and how long it took there. */
  | { type: "part"; worker: string; step: number; shard: number; ms: number }
  /** A part is handed out again, and why. */
  | { type: "again"; step: number; shard: number; reason: string }
  /** Redis has lost what it had, and gets it again. */
  | { type: "restored" }
  /** No worker takes part yet. */
  | { type: "waiting" };

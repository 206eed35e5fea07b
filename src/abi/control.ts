/**
 * The control block at the start of a model's memory, in bytes: one 64-byte line for each word that threads fight over.
 * `assembly/sync.ts` works with it.
 */
export const CONTROL = {
  base: 64,
  /** Programs submitted so far; workers watch it. */
  jobs: 64,
  /** Threads that reached the current barrier. */
  arrived: 128,
  /** Barriers passed so far. */
  generation: 192,
  /** Threads that sleep, so that notify (a host call) is made only when somebody sleeps. */
  parked: 256,
  /** The submitted program: its first byte and the one after its last. */
  begin: 320,
  end: 324,
  /** Workers leave their loop. */
  exit: 332,
  /** A thread gave up: the others trap instead of waiting for it. */
  failed: 336,
  /** Thread 0 may sleep (browsers forbid it on the main thread). */
  mayWait: 340,
  /** Products of eight bits are added up by the instruction that VNNI has: set where a probe found it faster. */
  vnni: 344,
  /** The program of empty barriers that the pace keeper probes with, up to `claims`. */
  probe: 384,
  /** Items that were taken of each thread's share of the current work, up to `bytes`. */
  claims: 512,
  bytes: 1024,
} as const;

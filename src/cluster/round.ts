/** A step that is handed out: which of its parts have come, in whatever order. */
import type { Computed } from "./part.js";
import type { Sealed, StepHeader } from "./run.js";
import { jobId, type PartId } from "./settings.js";

export type Taken = Computed;

interface Part {
  /** Of the last handing out; -1 before the first. */
  attempt: number;
  /** When that was. */
  begun: number;
  /** How often it came back wrong. */
  refused: number;
  taken: Taken | undefined;
  /** For whoever waits. */
  come: Promise<Taken>;
  accept(taken: Taken): void;
  fail(reason: Error): void;
}

function newPart(): Part {
  const part: Partial<Part> = { attempt: -1, begun: 0, refused: 0, taken: undefined };
  part.come = new Promise<Taken>((resolve, reject) => {
    part.accept = resolve;
    part.fail = reject;
  });
  part.come.catch(() => {}); // told to whoever waits for it
  return part as Part;
}

interface Given {
  run: string;
  step: number;
  header: StepHeader;
  /** Of a part's payload. */
  bytes: number;
  value: Sealed;
}

export class Round {
  readonly run: string;
  readonly step: number;
  readonly header: StepHeader;
  readonly bytes: number;
  readonly value: Sealed;
  readonly parts: readonly Part[];
  /** Nobody waits for it any more. */
  isOver = false;

  constructor({ run, step, header, bytes, value }: Given) {
    this.run = run;
    this.step = step;
    this.header = header;
    this.bytes = bytes;
    this.value = value;
    this.parts = Array.from({ length: Math.ceil(header.samples / header.each) }, newPart);
  }

  /** Counts a handing out. */
  begin(shard: number, now: number): PartId {
    const part = this.parts[shard];
    part.attempt++;
    part.begun = now;
    return { run: this.run, step: this.step, shard, attempt: part.attempt };
  }

  /** The part of a job, by the job's name: of any handing out, as all give the same. */
  find(job: string): { shard: number; attempt: number } | undefined {
    for (const [shard, { attempt: last }] of this.parts.entries())
      for (let attempt = last; attempt >= 0; attempt--)
        if (job === jobId({ run: this.run, step: this.step, shard, attempt })) return { shard, attempt };
    return undefined;
  }

  isAwaited(shard: number): boolean {
    return !this.isOver && this.parts[shard].taken === undefined;
  }

  awaited(): number[] {
    return [...this.parts.keys()].filter((shard) => this.isAwaited(shard));
  }

  /** Takes a part, once. */
  accept(shard: number, taken: Taken): void {
    const part = this.parts[shard];
    if (!this.isAwaited(shard)) return;
    part.taken = taken;
    part.accept(taken);
  }

  /** Nothing more comes. */
  end(reason: Error): void {
    this.isOver = true;
    for (const part of this.parts) part.fail(reason);
  }
}

/** Checkpoints of a run, close together near its end and further apart before, so that any step can be gone back to. */

/** How many are kept. */
const CAPACITY = 24;

export class Rewind<State> {
  /** By step, ascending. */
  #kept: { step: number; state: State }[] = [];

  get steps(): number[] {
    return this.#kept.map(({ step }) => step);
  }

  /** Keeps a state; steps come in ascending order, and one that is there already stays. */
  keep(step: number, state: State): void {
    const last = this.#kept.at(-1);
    if (last && last.step >= step) return;
    this.#kept.push({ step, state });
    if (this.#kept.length <= CAPACITY) return;
    // The one whose loss leaves the smallest gap, as a share of its age. First and last stay.
    const cost = (i: number) => (this.#kept[i + 1].step - this.#kept[i - 1].step) / (step - this.#kept[i].step);
    let least = 1;
    for (let i = 2; i < this.#kept.length - 1; i++) if (cost(i) < cost(least)) least = i;
    this.#kept.splice(least, 1);
  }

  /** The newest at or before a step; what comes after it is forgotten. */
  back(step: number): { step: number; state: State } | undefined {
    this.#kept = this.#kept.filter((each) => each.step <= step);
    return this.#kept.at(-1);
  }
}

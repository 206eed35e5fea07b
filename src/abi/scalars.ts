/** Where numbers lie that change with every step, in memory in front of all programs. */

/**
 * Scalars that the host writes before a step and reads after it, by byte addresses: `lr`; the factor and norm of gradient
 * clipping; `status`, not 0 when loss or gradients were not finite; `rng`, four words of key and step counter and one of
 * the samples of the batch that came before this part of it; from `own`
 * on the numbers that an optimiser declares, in its order; the share of the new weights in their average; `total`, by which a
 * loss with weights is divided.
 */
export const SCALARS = {
  lr: 1024,
  scale: 1028,
  norm: 1032,
  status: 1036,
  rng: 1040,
  own: 1060,
  rate: 1092,
  total: 1096,
  end: 1104,
} as const;

/** The scalars in one model's memory: all reads and writes go through here. */
export class Scalars {
  readonly #memory: { readonly buffer: ArrayBufferLike };

  constructor(memory: { readonly buffer: ArrayBufferLike }) {
    this.#memory = memory;
  }

  // Views are made anew each time: the memory may have grown.
  set(name: "lr" | "status" | "rate" | "total", value: number): void {
    new Float32Array(this.#memory.buffer, SCALARS[name], 1)[0] = value;
  }

  get(name: "norm"): number {
    return new Float32Array(this.#memory.buffer, SCALARS[name], 1)[0];
  }

  /** What the optimiser's `scalars` gave: at most 8 numbers. */
  setOwn(values: Readonly<Record<string, number>>): void {
    new Float32Array(this.#memory.buffer, SCALARS.own, (SCALARS.rate - SCALARS.own) / 4).set(Object.values(values));
  }

  /** Key and counter of the step's random numbers, 64 bits each, and the first sample of this part of the batch. */
  setRandom(seed: number, step: number, first: number): void {
    const words = new Int32Array(this.#memory.buffer, SCALARS.rng, 5);
    words[0] = seed | 0;
    words[1] = Math.floor(seed / 2 ** 32) | 0;
    words[2] = step | 0;
    words[3] = Math.floor(step / 2 ** 32) | 0;
    words[4] = first;
  }
}

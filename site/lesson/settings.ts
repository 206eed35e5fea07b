/** What is fixed in the lesson's runs, and what the visitor chooses; apart from the code that trains, so that the page loads first. */

export type Kind = "plain" | "residual";
export const KINDS: readonly Kind[] = ["plain", "residual"];

/** What the visitor chooses: everything else is the same in all runs. */
export interface Task {
  kind: Kind;
  /** Hidden layers, an even number: a skip connection passes over two. */
  depth: number;
  /** Decides the drawings, the first weights and the order of the examples. */
  seed: number;
}

export const DEPTHS = { min: 2, max: 50, step: 2, initial: 36 } as const;
export const SIDE = 28;
export const WIDTH = 64;
export const CLASSES = 10;
export const EXAMPLES = 2000;
export const BATCH = 32;
export const EPOCHS = 20;
export const STEPS = EPOCHS * Math.ceil(EXAMPLES / BATCH);

/** The weights that a new model starts from. */
import { Philox } from "../core/random.js";
import { numel } from "../core/shape.js";
import type { Engine } from "./engine.js";

/** Draws parameter i from stream i of the seed, so twins of a network start alike. */
export function initialise({ description, executor, seed }: Engine): void {
  const { parameters, buffers } = description;
  parameters.forEach(({ name, shape, init }, i) => {
    const view = executor.parameterView(name, "parameters", numel(shape));
    if (init.kind === "constant") view.fill(init.value);
    else {
      const random = new Philox(seed, i);
      for (let j = 0; j < view.length; j++)
        view[j] = init.kind === "normal" ? random.normal() * init.std : (2 * random.uniform() - 1) * init.bound;
    }
  });
  for (const { name, init } of buffers) executor.bufferView(name).fill(init.kind === "constant" ? init.value : 0);
  executor.weightsVersion++;
}

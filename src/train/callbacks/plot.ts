/** Shows the curves of a fit while it runs: in a terminal or in a page. */
import { demanded } from "../../core/on-demand.js";
import type { Callback } from "../callback.js";
import type { CallbackState } from "../callback-state.js";
import { type PlotOptions, readPlotOptions } from "./plot-options.js";
import type { Screen } from "./screen.js";

const where = "plot";

/**
 * Draws the loss of each step, and what validation says, while a fit runs: in a terminal in place, or in a page as SVG. The
 * points are in the checkpoints of the trainer, so that the curves of a fit that goes on begin where it began.
 *
 * ```ts
 * await trainer.fit(data, { epochs: 30, validation, callbacks: [plot()] });
 * ```
 *
 * @example
 * await trainer.fit(dataset, { epochs: 1, callbacks: [plot()] });
 */
export function plot(options?: PlotOptions): Callback {
  const settings = readPlotOptions(options);
  let screen: Screen | undefined;
  let kept: CallbackState | undefined;
  return {
    name: where,
    load(state) {
      kept = state;
      screen = undefined;
    },
    state: () => screen?.state() ?? kept ?? {},
    async onBegin(fit) {
      const { openScreen } = await demanded(where, import("./screen.js"));
      screen = openScreen(where, settings, fit, kept);
    },
    onStep: (event) => screen?.step(event),
    onEpoch: (record) => screen?.epoch(record),
    onEnd: () => screen?.draw(true),
  };
}

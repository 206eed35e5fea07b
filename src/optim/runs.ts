/** Which neighbouring parameters are updated together, because they share a learning rate and a weight decay. */
import type { Parameter } from "../graph/graph.js";

/** Parameters `first` to `first + count - 1` of the network, with their own learning-rate factor and weight decay. */
export interface ParameterRun {
  first: number;
  count: number;
  lrScale: number;
  /** Overrides the optimiser's own. */
  weightDecay?: number;
}

type Settings = Pick<ParameterRun, "lrScale" | "weightDecay">;

const common = (): Settings => ({ lrScale: 1 });

/** Runs of neighbouring trained parameters with equal settings, in the order of the network. */
export function parameterRuns(
  parameters: readonly Parameter[],
  isFrozen: (name: string) => boolean,
  settingsOf: (parameter: Parameter) => Settings = common,
): ParameterRun[] {
  const runs: ParameterRun[] = [];
  parameters.forEach((parameter, i) => {
    if (isFrozen(parameter.name)) return;
    const own = settingsOf(parameter);
    const last = runs[runs.length - 1];
    const continues =
      last && last.first + last.count === i && last.lrScale === own.lrScale && last.weightDecay === own.weightDecay;
    if (continues) last.count++;
    else runs.push({ first: i, count: 1, ...own });
  });
  return runs;
}

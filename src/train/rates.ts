/** Schedules that leave a fit nothing to learn with. Loaded for fits with a schedule. */
import { ArgumentError, expectation } from "../core/errors.js";
import type { StepTrainer } from "./step-trainer.js";

/** Throws `ArgumentError` where a new fit would begin after its schedule's end, or learn nothing for most of its steps. */
export function expectRates(trainer: StepTrainer, stepsPerEpoch: number, epochs: number): void {
  const { schedule, stepCount, fitState } = trainer;
  const { completed = 0 } = fitState;
  const after = (steps: number) => ({
    step: stepCount + steps,
    stepsPerEpoch,
    epoch: completed + Math.floor(steps / stepsPerEpoch),
  });
  const steps = stepsPerEpoch * epochs;
  const hint = "Make a trainer with a schedule for what is to come, or go on at that factor with pastSchedule: true";
  const refuse = (expected: string, got: string) =>
    new ArgumentError(expectation("fit", "schedule", expected, `${schedule.type} ${got}`, { hint }));
  if (schedule.isOver?.(after(0))) {
    const at = `after ${stepCount} steps and ${completed} epochs`;
    throw refuse("one that has not come to its end", `${at}, where its factor stays ${schedule.factor(after(0))}`);
  }
  const half = Math.floor(steps / 2);
  if (schedule.factor(after(half)) === 0 && schedule.factor(after(steps - 1)) === 0) {
    const unit = 'Is its number meant in epochs? unit: "epochs"';
    throw refuse("a factor above 0 for most of the fit", `with 0 from step ${half} of ${steps} on. ${unit}`);
  }
}

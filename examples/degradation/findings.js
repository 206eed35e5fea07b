// @ts-check
/** Three sentences that say what the measured numbers show, whatever they show. */
import { formatAccuracy, formatLoss } from "./table.js";

/** @typedef {import("./study.js").Study} Study */
/** @typedef {import("./study.js").Twins} Twins */

/** Losses closer than this factor are called equal: other seeds differ as much. */
const NOTICEABLE = 1.25;

/** @param {number} ratio */
const times = (ratio) => `${ratio < 10 ? ratio.toFixed(1) : ratio.toFixed(0)} times`;

/**
 * @param {Study} study
 * @returns {[plain: string, residual: string, gradients: string]}
 */
export function findings({ kind: { unit }, twins, images }) {
  const [shallow, deep] = [twins[0], twins[twins.length - 1]];
  const { classes } = images.train;
  return [aboutPlain(shallow, deep, classes, unit), aboutResidual(shallow, deep, unit), aboutGradients(deep, unit)];
}

/** @param {Study} study */
export function headline({ kind: { unit }, twins }) {
  const { depth, plain, residual } = twins[twins.length - 1];
  if (!isWorse(plain.loss, residual.loss)) return `Plain and residual networks, up to ${depth} ${unit} deep`;
  const stuck = isWorse(plain.loss, twins[0].plain.loss) && twins.length > 1;
  return stuck
    ? `${depth} plain layers get stuck. With skip connections they learn.`
    : `${depth} layers learn better with skip connections.`;
}

/**
 * Whether the first loss is noticeably higher; one that is no number any more is higher than all others.
 * @param {number} loss
 * @param {number} than
 */
const isWorse = (loss, than) => Number.isFinite(than) && !(loss <= NOTICEABLE * than);

/**
 * @param {Twins} shallow
 * @param {Twins} deep
 * @param {number} classes
 * @param {string} unit
 */
function aboutPlain(shallow, deep, classes, unit) {
  const [few, many] = [shallow.plain.loss, deep.plain.loss];
  if (!Number.isFinite(many))
    return `Without skip connections the net of ${deep.depth} ${unit} could not be trained: its loss or gradient overflowed.`;
  const guessing = Math.log(classes);
  const chance = many > 0.9 * guessing ? `, about as much as guessing costs (${formatLoss(guessing)})` : "";
  if (shallow === deep)
    return `Without skip connections the net of ${deep.depth} ${unit} reaches a training loss of ${formatLoss(many)}${chance}.`;
  const numbers = `from ${formatLoss(few)} with ${shallow.depth} ${unit} to ${formatLoss(many)} with ${deep.depth}`;
  if (isWorse(many, few))
    return `Without skip connections, depth hurts: the training loss goes up ${numbers}${chance}; these are the images it was trained on, so this is not overfitting.`;
  if (isWorse(few, many))
    return `Without skip connections, depth helped here: the training loss goes down ${numbers}; the degradation does not show in this run.`;
  return `Without skip connections, depth changed little here: the training loss goes ${numbers}; the degradation does not show in this run.`;
}

/**
 * @param {Twins} shallow
 * @param {Twins} deep
 * @param {string} unit
 */
function aboutResidual(shallow, { depth, plain, residual }, unit) {
  const [with_, without] = [residual.loss, plain.loss];
  if (!Number.isFinite(with_))
    return `With skip connections the same ${depth} layers could not be trained either: loss or gradient overflowed.`;
  const accuracies = `${formatAccuracy(residual.accuracy)} of the test images right instead of ${formatAccuracy(plain.accuracy)}`;
  const reach = `With skip connections the same ${depth} layers reach a training loss of ${formatLoss(with_)}`;
  if (isWorse(without, with_)) {
    const factor = Number.isFinite(without) ? `${times(without / with_)} lower than without, and ` : "";
    const shallowLoss = shallow.residual.loss;
    const level =
      shallow.depth === depth ? "" : `; the residual net of ${shallow.depth} ${unit} is at ${formatLoss(shallowLoss)}`;
    return `${reach}, ${factor}${accuracies}${level}.`;
  }
  if (isWorse(with_, without)) return `${reach}, higher than the ${formatLoss(without)} without: no gain in this run.`;
  return `${reach}, level with the ${formatLoss(without)} without (${accuracies}): no clear gain in this run.`;
}

/**
 * Compares the first layer's gradient with the typical one of all layers: vanishing and exploding gradients change by
 * orders of magnitude on the way down.
 * @param {Twins} deep
 * @param {string} unit
 */
function aboutGradients({ depth, plain, residual }, unit) {
  const spread = (/** @type {number[]} */ norms) => {
    // Layers in front of a weight that starts at 0 have no gradient yet.
    const values = norms.filter((norm) => norm > 0);
    return { low: Math.min(...values), high: Math.max(...values), ratio: Math.max(...values) / Math.min(...values) };
  };
  const [before, twin] = [spread(plain.gradientsBefore), spread(residual.gradientsBefore)];
  if (!Number.isFinite(before.ratio) || !Number.isFinite(twin.ratio))
    return `At the start the gradients of the ${depth}-layer nets are not all finite.`;
  const of = (/** @type {{ low: number, high: number }} */ { low, high }) =>
    `${low.toPrecision(2)} to ${high.toPrecision(2)}`;
  const numbers = `in the plain net of ${depth} ${unit} the norms of its layers' gradients run from ${of(before)} at the start, in the residual net from ${of(twin)}`;
  if (before.ratio < 30 && isWorse(plain.loss, residual.loss))
    return `The gradient does not vanish on its way down: ${numbers}; so vanishing gradients are not what holds the plain net back.`;
  if (before.ratio >= 30 && before.ratio > 3 * twin.ratio)
    return `Without skip connections the gradient changes its size on its way through the layers: ${numbers}.`;
  return `The gradients alone do not tell the nets apart: ${numbers}.`;
}

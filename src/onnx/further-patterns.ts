/** All patterns: those that classic networks lack, too. */
import { lookUp } from "../core/look-up.js";
import { numbersOf, type Step } from "../nn/imported/step.js";
import { product } from "./call.js";
import { type Net, needed } from "./net.js";
import { Links, type Pattern, swish } from "./patterns.js";

const numbersIn = ({ net }: Links, name: string | undefined): ArrayLike<number> | undefined =>
  name === undefined ? undefined : net.values.get(name)?.constant?.data;

/** The other of two inputs, where one is the number `value`. */
function besides(links: Links, step: Step | undefined, value: number): string | undefined {
  const at = step?.inputs.findIndex((name) => {
    const numbers = numbersIn(links, name);
    return numbers?.length === 1 && Math.abs(numbers[0] - value) <= 1e-6 * Math.abs(value);
  });
  return at === undefined || at < 0 ? undefined : step?.inputs[1 - at];
}

/** x · W + b, b of the last axis. */
const linearBias: Pattern = (step, links) => {
  const sum = step.op === "linear" && step.inputs.length === 2 ? links.next(step, "add") : undefined;
  if (!sum) return undefined;
  const bias = links.other(sum, step.outputs[0]);
  const shape = lookUp(links.net.values, bias).shape;
  const features = lookUp(links.net.values, step.outputs[0]).shape.at(-1);
  if (!numbersIn(links, bias) || shape.at(-1) !== features || product(shape) !== features) return undefined;
  return { step: { ...step, inputs: [...step.inputs, bias], outputs: sum.outputs }, replaces: [step, sum] };
};

/** x · tanh(softplus(x)) */
const mish: Pattern = (step, links) => {
  const tanh = step.op === "softplus" ? links.next(step, "tanh") : undefined;
  const scaled = links.next(tanh, "mul");
  if (!tanh || !scaled || links.other(scaled, tanh.outputs[0]) !== step.inputs[0]) return undefined;
  return { step: { ...step, op: "mish", outputs: scaled.outputs }, replaces: [step, tanh, scaled] };
};

/** x of x · factor or x / (1 / factor). */
function unscaled(step: Step | undefined, factor: number, links: Links): string | undefined {
  if (step?.op === "mul") return besides(links, step, factor);
  const divisor = step?.op === "div" ? numbersIn(links, step.inputs[1]) : undefined;
  return divisor?.length === 1 && Math.abs(divisor[0] * factor - 1) < 1e-5 ? step?.inputs[0] : undefined;
}

/** Whether a step makes x · x · x, and of which steps. */
function cubed(step: Step | undefined, x: string, links: Links): Step[] | undefined {
  if (step?.op === "pow")
    return step.inputs[0] === x && numbersIn(links, step.inputs[1])?.[0] === 3 ? [step] : undefined;
  if (step?.op !== "mul" || !step.inputs.includes(x)) return undefined;
  const square = links.makers.get(links.other(step, x));
  return square?.op === "mul" && square.inputs.every((input) => input === x) ? [square, step] : undefined;
}

/** x and the steps inside of erf(x / sqrt(2)), or of tanh(sqrt(2 / pi) (x + 0.044715 x^3)). */
function insideGelu(step: Step, links: Links): { x: string; replaces: Step[] } | undefined {
  const scaling = links.makers.get(step.inputs[0]);
  if (step.op === "erf") {
    const x = unscaled(scaling, Math.SQRT1_2, links);
    return scaling && x ? { x, replaces: [scaling] } : undefined;
  }
  const sum = links.makers.get(unscaled(scaling, 0.7978845608, links) ?? "");
  if (!scaling || sum?.op !== "add") return undefined;
  for (const x of sum.inputs) {
    const third = links.makers.get(links.other(sum, x));
    const cube = third?.op === "mul" ? links.makers.get(besides(links, third, 0.044715) ?? "") : undefined;
    const steps = cubed(cube, x, links);
    if (third && steps) return { x, replaces: [...steps, third, sum, scaling] };
  }
  return undefined;
}

/** 0.5 x (1 + erf(…)) or 0.5 x (1 + tanh(…)), with the factors in any order. */
const gelu: Pattern = (step, links) => {
  const inside = step.op === "erf" || step.op === "tanh" ? insideGelu(step, links) : undefined;
  const sum = inside && links.next(step, "add");
  if (!sum || besides(links, sum, 1) !== step.outputs[0]) return undefined;
  const { x } = inside;
  const replaces = [...inside.replaces, step, sum];
  const first = links.next(sum, "mul");
  if (!first) return undefined;
  // (x · sum) · 0.5, or (0.5 x) · sum
  const factor = links.other(first, sum.outputs[0]);
  const half = links.makers.get(factor);
  const last = links.next(first, "mul");
  let end: Step;
  if (factor === x && last && besides(links, last, 0.5) === first.outputs[0]) {
    end = last;
    replaces.push(first, last);
  } else if (half && unscaled(half, 0.5, links) === x) {
    end = first;
    replaces.push(half, first);
  } else return undefined;
  const attributes = { tanh: step.op === "tanh" };
  return { step: { op: "gelu", name: end.name, inputs: [x], outputs: end.outputs, attributes }, replaces };
};

/** PyTorch writes a slice of two axes as two. */
const slices: Pattern = (first, links) => {
  const second = first.op === "slice" ? links.next(first, "slice") : undefined;
  if (!second) return undefined;
  const [a, b] = [first, second].map(
    ({ attributes }) => attributes as { starts: number[]; steps: number[]; shape: number[] },
  );
  const attributes = {
    starts: a.starts.map((start, i) => start + b.starts[i] * a.steps[i]),
    steps: a.steps.map((step, i) => step * b.steps[i]),
    shape: b.shape,
  };
  return { step: { ...second, inputs: first.inputs, attributes }, replaces: [first, second] };
};

/** Every second pixel of both axes, and channels of zeros around: He et al.'s option A. */
const padShortcut: Pattern = (slice, links) => {
  const pad = slice.op === "slice" ? links.next(slice, "pad") : undefined;
  if (!pad) return undefined;
  const [starts, steps] = [numbersOf(slice.attributes, "starts"), numbersOf(slice.attributes, "steps")];
  const x = lookUp(links.net.values, slice.inputs[0]).shape;
  const pads = numbersOf(pad.attributes, "pads");
  if (x.length !== 4 || starts.some((start) => start !== 0) || steps[0] !== 1 || steps[1] !== 1) return undefined;
  if (steps[2] !== steps[3] || steps[2] < 1 || pad.attributes["value"] !== 0 || pad.attributes["mode"] !== "constant")
    return undefined;
  const shape = numbersOf(slice.attributes, "shape");
  if (shape[2] !== Math.ceil(x[2] / steps[2]) || shape[3] !== Math.ceil(x[3] / steps[3]) || shape[1] !== x[1])
    return undefined;
  if (pads.some((size, i) => i % 4 !== 1 && size !== 0)) return undefined;
  const attributes = { stride: steps[2], front: pads[1], back: pads[5] };
  return { step: { ...slice, op: "padShortcut", attributes, outputs: pad.outputs }, replaces: [slice, pad] };
};

/** PyTorch's GroupNorm: InstanceNorm of [n, groups, all else], then a scale and a shift for each channel. */
const groupNorm: Pattern = (before, links) => {
  const norm = before.op === "reshape" ? links.next(before, "instanceNorm") : undefined;
  const after = links.next(norm, "reshape");
  const x = lookUp(links.net.values, before.inputs[0]).shape;
  const groups = norm && lookUp(links.net.values, norm.inputs[0]).shape[1];
  if (!after || !groups || x.length < 3 || x[1] % groups) return undefined;
  const [ones, zeros] = [numbersIn(links, norm.inputs[1]), numbersIn(links, norm.inputs[2])];
  const back = lookUp(links.net.values, after.outputs[0]).shape;
  const isPlain =
    ones && zeros && Array.from(ones).every((one) => one === 1) && Array.from(zeros).every((zero) => zero === 0);
  if (!isPlain || back.length !== x.length || back.some((size, i) => size !== x[i])) return undefined;
  const scaled = links.next(after, "mul");
  const shifted = links.next(scaled, "add");
  if (!scaled || !shifted) return undefined;
  const weights = [links.other(scaled, after.outputs[0]), links.other(shifted, scaled.outputs[0])];
  // [c, 1, 1] or [1, c, 1, 1]
  const isPerChannel = (name: string) => {
    const shape = lookUp(links.net.values, name).shape;
    return numbersIn(links, name) && product(shape) === x[1] && shape[shape.length - x.length + 1] === x[1];
  };
  if (!weights.every(isPerChannel)) return undefined;
  const attributes = { groups, epsilon: norm.attributes["epsilon"], byGroup: false };
  const step = {
    op: "groupNorm",
    name: norm.name,
    inputs: [before.inputs[0], ...weights],
    outputs: shifted.outputs,
    attributes,
  };
  return { step, replaces: [before, norm, after, scaled, shifted] };
};

export const ALL_PATTERNS: readonly Pattern[] = [slices, linearBias, swish, mish, gelu, padShortcut, groupNorm];

/** The net without a Softmax or Sigmoid that makes an output and is read by nobody else. */
export function withoutFinal(net: Net): Net {
  const { makers, readers } = new Links(net);
  const outputs = net.outputs.map((output) => {
    const maker = makers.get(output);
    const isFinal = maker && ["softmax", "logSoftmax", "sigmoid"].includes(maker.op) && !readers.has(output);
    return isFinal ? maker.inputs[0] : output;
  });
  return { ...net, steps: needed(net.steps, outputs), outputs };
}

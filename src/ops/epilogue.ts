/** What products do before they store their result, so that values pass through memory once. */
import { ACTIVATION_GRADIENT, ACTIVATIONS } from "../abi/enums.js";
import type { Activation, EpiloguePart } from "../graph/op.js";

/**
 * What a matrix product does before it stores: y = activation(x + bias + residual), or, with `derivative`,
 * y = (x + bias + residual) * activation'(source). The operands that are set follow the op's own inputs, in this order.
 */
export interface Epilogue {
  bias: boolean;
  residual: boolean;
  activation: Activation | null;
  derivative: boolean;
}

export const noEpilogue: Epilogue = { bias: false, residual: false, activation: null, derivative: false };

/** Inputs of a product (two of its own) that its epilogue reads element by element, where the result may take their place. */
export function epilogueInPlace({ epilogue: { bias, residual, derivative } }: { epilogue: Epilogue }): number[] {
  const first = bias ? 3 : 2;
  if (residual && derivative) return [first, first + 1];
  return residual || derivative ? [first] : [];
}

/** Takes a part into the epilogue. One sum; nothing follows an activation. */
export function absorbIntoEpilogue<A extends { epilogue: Epilogue }>(attributes: A, part: EpiloguePart): A | null {
  const { epilogue } = attributes;
  if (epilogue.activation || (part.kind === "residual" && epilogue.residual)) return null;
  const added =
    part.kind === "residual"
      ? { residual: true }
      : { activation: part.activation, derivative: part.kind === "derivative" };
  return { ...attributes, epilogue: { ...epilogue, ...added } };
}

/** The names of a product's operands: its own two, then those that its epilogue has. */
export function withEpilogue<S extends string>(own: S, { bias, residual, derivative }: Epilogue) {
  const names = [own, bias && "bias", residual && "residual", derivative && "source"];
  return names.filter(Boolean).join(" ") as `${S} bias residual source`;
}

/** An activation as records have it. */
export const activationCode = (activation: Activation | null | undefined) => ({
  activation: ACTIVATIONS[activation?.kind ?? "none"],
  param: activation?.param ?? 0,
});

/** The activation of an epilogue, or its derivative. */
export function epilogueCode({ activation: g, derivative }: Epilogue) {
  const { activation, param } = activationCode(g);
  return { activation: activation + (derivative ? ACTIVATION_GRADIENT : 0), param };
}

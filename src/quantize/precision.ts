/** How the products of a network are computed, as its file says it. */
import { isRecord } from "../core/options.js";
import type { Units } from "../ops/int8.js";

/**
 * How a product is computed: in eight bits from inputs of these units, or in float32, with weights of eight bits or of 32. In
 * the file as it is here.
 */
export type Precision = { readonly input: Units } | { readonly weights: "I8" | "F32" };

/** The precision of each product, by the name of its weights. */
export type Precisions = Readonly<Record<string, Precision>>;

export const isInteger = (precision: Precision | undefined): precision is { input: Units } =>
  precision !== undefined && "input" in precision;

/** The type of a product's weights in a file. */
export const weightsType = (precision: Precision): "I8" | "F32" => ("weights" in precision ? precision.weights : "I8");

const isUnits = (units: unknown): units is Units => {
  const { scale, zero } = (isRecord(units) ? units : {}) as Partial<Units>;
  // What a float32 holds, so that every machine computes with the same number.
  const isScale = typeof scale === "number" && scale > 0 && Math.fround(scale) === scale && Number.isFinite(scale);
  return isScale && Number.isInteger(zero) && Number(zero) >= 0 && Number(zero) <= 127;
};

export const isPrecision = (value: unknown): value is Precision =>
  isRecord(value) && ("input" in value ? isUnits(value.input) : value.weights === "I8" || value.weights === "F32");

/** The scales of weights of eight bits. */
export const scalesName = (weights: string): string => `${weights}_scale`;

/** The bias of a product: `conv1.bias` with `conv1.weight`. */
export const biasName = (weights: string): string =>
  weights.endsWith("weight") ? `${weights.slice(0, -"weight".length)}bias` : `${weights}_bias`;

/** A model's weights as the data of a standalone module. */
import { crc32 } from "../core/crc32.js";
import { expectation, NumericError } from "../core/errors.js";
import { numel } from "../core/shape.js";
import { float32BitsToFloat16 } from "../io/float16.js";
import type { Engine } from "../model/engine.js";
import type { Placed, Space } from "./layout.js";
import type { Segment } from "./link.js";

/** How weights of two and more dimensions are written; others are float32 always. "I8": of products on integers, as bytes. */
export const PRECISIONS = ["F32", "F16", "I8"] as const;
export type Precision = (typeof PRECISIONS)[number];

/** Weights in half precision: where they stand, where they shall stand as float32, how many. */
export interface Packed {
  from: number;
  to: number;
  count: number;
}

export interface Weights {
  data: Segment[];
  packed: Packed[];
  /** CRC-32 of all weights as float32, integers as bytes, in eight hex digits. */
  hash: string;
}

const INFINITY_F16 = 0x7c00;

/** The nearest numbers of half precision. Throws `NumericError` on a number beyond its range. */
function halves(values: Float32Array, name: string): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(bits, (each, i) => {
    const half = float32BitsToFloat16(each);
    if ((half & 0x7fff) !== INFINITY_F16 || !Number.isFinite(values[i])) return half;
    const hint = 'precision "F32" has the range of the weights';
    throw new NumericError(
      expectation("compileModel", `tensor "${name}" element ${i}`, "a value within the range of F16", values[i], {
        hint,
      }),
    );
  });
}

const bytesOfView = ({ buffer, byteOffset, byteLength }: Uint16Array | Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** Weights in half precision take room of their own in `space`, from which the module expands them when it starts. */
export function collectWeights(engine: Engine, placed: Placed, space: Space, precision: Precision): Weights {
  const { executor, description } = engine;
  const data: Segment[] = [];
  const packed: Packed[] = [];
  let sum = 0;
  const add = (name: string, rank: number, address: number, values: Float32Array) => {
    sum = crc32(bytesOfView(values), sum);
    if (precision !== "F16" || rank < 2) {
      data.push({ address, bytes: bytesOfView(values) });
      return;
    }
    const bytes = bytesOfView(halves(values, name));
    const from = space.take(bytes.length);
    data.push({ address: from, bytes });
    packed.push({ from, to: address, count: values.length });
  };
  const parameters = placed.region("parameters");
  for (const { name, shape } of description.parameters) {
    const values = executor.parameterView(name, "parameters", numel(shape));
    const offset = values.byteOffset - executor.region("parameters");
    add(name, shape.length, parameters + offset, values);
  }
  for (const { name } of description.buffers) add(name, 0, placed.region(`buffer ${name}`), executor.bufferView(name));
  return { data, packed, hash: sum.toString(16).padStart(8, "0") };
}

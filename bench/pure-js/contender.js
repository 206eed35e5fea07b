import { PureJsNet } from "./fc.js";

/** Float32Array tensors, float64 arithmetic in registers, packed panels: see gemm.js. */
export function create(spec, parameters) {
  const net = new PureJsNet(spec, parameters);
  return { version: "plain JavaScript", step: (x, labels) => net.step(x, labels), dispose() {} };
}

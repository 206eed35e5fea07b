import { networkData } from "../data.js";
import { createPureJs } from "./fc.js";
import { products } from "./products.js";

export function create(task, { product }) {
  const gemm = products[product];
  const data = networkData(task);
  const net = createPureJs(task, data, gemm);
  return { version: "plain JavaScript", run: () => net.forward(data.x) };
}

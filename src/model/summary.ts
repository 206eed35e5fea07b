/** The network as a table, and the memory it will need, both before anything runs. */

import { lookUp } from "../core/look-up.js";
import { numel } from "../core/shape.js";
import type { Graph, LayerRecord } from "../graph/graph.js";
import { nodeMacs } from "../plan/cost.js";
import type { Plan } from "../plan/plan.js";
import type { Description } from "./engine.js";

export const isInside = (path: string, layer: string) => layer === "" || path === layer || path.startsWith(`${layer}.`);

/** One line a layer: path and type, output shape, parameters, multiply-adds for one sample. */
export function summarize({ parameters, inputShape }: Description, { graph, prepare, step }: Plan): string {
  const size = (path: string) =>
    parameters.filter((p) => isInside(p.path, path)).reduce((sum, p) => sum + numel(p.shape), 0);
  const macs = (path: string) =>
    [...prepare, ...step]
      .filter((node) => isInside(node.path, path))
      .reduce((sum, node) => sum + nodeMacs(graph, node), 0);
  const rows = [["layer", "output", "parameters", "MACs"]];
  rows.push(["input", `[n, ${inputShape.join(", ")}]`, "", ""]);
  for (const layer of layersInOrder(graph))
    rows.push([...layerCells(layer), group(size(layer.path)), group(macs(layer.path))]);
  rows.push(["total", "", group(size("")), group(macs(""))]);
  return formatTable(rows);
}

/** Each layer once, parents first. */
export function layersInOrder(graph: Graph): LayerRecord[] {
  return orderByTree(graph.layers.map((layer, i) => ({ ...layer, i })));
}

/** How tables show a layer: its name, indented by depth, and the shape of its output. */
export function layerCells({ path, type, outputShape }: Pick<LayerRecord, "path" | "type" | "outputShape">): string[] {
  const depth = path === "" ? 0 : path.split(".").length;
  const name = `${"  ".repeat(depth)}${path.split(".").pop() || "network"} (${type})`;
  const output = outputShape.slice(1).map((s) => `, ${s}`);
  return [name, `[n${output.join("")}]`];
}

/** Layers are noted when they are finished, children first; the table shows parents first. */
function orderByTree<T extends { path: string; i: number }>(layers: T[]): T[] {
  const first = new Map<string, number>();
  for (const { path, i } of layers) {
    const parts = path.split(".");
    for (let n = 0; n <= parts.length; n++) {
      const ancestor = parts.slice(0, n).join(".");
      first.set(ancestor, Math.min(first.get(ancestor) ?? Infinity, i));
    }
  }
  return layers.slice().sort((a, b) => {
    const [as, bs] = [a.path === "" ? [] : a.path.split("."), b.path === "" ? [] : b.path.split(".")];
    for (let n = 0; n < Math.min(as.length, bs.length); n++) {
      if (as[n] === bs[n]) continue;
      return lookUp(first, as.slice(0, n + 1).join(".")) - lookUp(first, bs.slice(0, n + 1).join("."));
    }
    return as.length - bs.length;
  });
}

export const group = (n: number): string => n.toString().replace(/\B(?=(\d{3})+$)/g, ",");

/** Rows between a head and a total; the columns in `left` stand to the left, the others, numbers, to the right. */
export function formatTable(rows: string[][], left: readonly number[] = [0, 1]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (row: string[]) =>
    row
      .map((cell, i) => (left.includes(i) ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join("  ")
      .trimEnd();
  const rule = "-".repeat(widths.reduce((sum, width) => sum + width + 2, -2));
  return [line(rows[0]), rule, ...rows.slice(1, -1).map(line), rule, line(rows[rows.length - 1])].join("\n");
}

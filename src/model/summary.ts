/** The network as a table, and the memory it will need, both before anything runs. */

import { numel } from "../core/shape.js";
import type { Graph, LayerRecord } from "../graph/graph.js";
import { stepMacs } from "../plan/cost.js";
import type { Plan } from "../plan/plan.js";
import type { Description } from "./engine.js";

/** One line a layer: path and type, output shape, parameters, multiply-adds for one sample. */
export function summarize({ parameters, inputShape }: Description, { graph, prepare, step }: Plan): string {
  const parametersOf = byLayer(parameters);
  const nodesOf = byLayer([...prepare, ...step]);
  const size = (path: string) => parametersOf(path).reduce((sum, { shape }) => sum + numel(shape), 0);
  const macs = (path: string) => stepMacs(graph, nodesOf(path));
  const rows = [["layer", "output", "parameters", "MACs"]];
  rows.push(["input", `[n, ${inputShape.join(", ")}]`, "", ""]);
  for (const layer of layersInOrder(graph))
    rows.push([...layerCells(layer), group(size(layer.path)), group(macs(layer.path))]);
  rows.push(["total", "", group(size("")), group(macs(""))]);
  return formatTable(rows);
}

/** What lies in each layer, its parts' included, by the layer's path. */
export function byLayer<T extends { path: string }>(items: readonly T[]): (path: string) => readonly T[] {
  const lists = new Map<string, T[]>();
  for (const item of items)
    for (const path of pathsTo(item.path)) {
      const list = lists.get(path);
      if (list) list.push(item);
      else lists.set(path, [item]);
    }
  return (path) => lists.get(path) ?? [];
}

/** "", "main", "main.0" for "main.0". */
function* pathsTo(path: string): Generator<string> {
  yield "";
  for (let end = path.indexOf("."); end >= 0; end = path.indexOf(".", end + 1)) yield path.slice(0, end);
  if (path !== "") yield path;
}

/** Layers are noted when they are finished, children first; here each stands once, parents first. */
export function layersInOrder({ layers }: Pick<Graph, "layers">): LayerRecord[] {
  const byPath = new Map(layers.map((layer) => [layer.path, layer]));
  const children = new Map<string, Set<string>>();
  for (const { path } of layers) {
    let parent: string | undefined;
    for (const part of pathsTo(path)) {
      if (parent !== undefined) children.set(parent, (children.get(parent) ?? new Set()).add(part));
      parent = part;
    }
  }
  const from = (path: string): LayerRecord[] => {
    const layer = byPath.get(path);
    return [...(layer ? [layer] : []), ...[...(children.get(path) ?? [])].flatMap(from)];
  };
  return from("");
}

/** How tables show a layer: its name, indented by depth, and the shape of its output. */
export function layerCells({ path, type, outputShape }: Pick<LayerRecord, "path" | "type" | "outputShape">): string[] {
  const depth = path === "" ? 0 : path.split(".").length;
  const name = `${"  ".repeat(depth)}${path.split(".").pop() || "network"} (${type})`;
  const output = outputShape.slice(1).map((s) => `, ${s}`);
  return [name, `[n${output.join("")}]`];
}

export const group = (n: number): string => n.toString().replace(/\B(?=(\d{3})+$)/g, ",");

/** Rows between a head and a total; the columns in `left` stand to the left, the others, numbers, to the right. */
export function formatTable(rows: string[][], left: readonly number[] = [0, 1]): string {
  const widths = rows[0].map((_, column) => rows.reduce((width, row) => Math.max(width, row[column].length), 0));
  const line = (row: string[]) =>
    row
      .map((cell, i) => (left.includes(i) ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join("  ")
      .trimEnd();
  const rule = "-".repeat(widths.reduce((sum, width) => sum + width + 2, -2));
  return [line(rows[0]), rule, ...rows.slice(1, -1).map(line), rule, line(rows[rows.length - 1])].join("\n");
}

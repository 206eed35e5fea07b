/** The nodes of a graph in one list: functions local to the model are put in the place of their calls. */
import { describe } from "../core/errors.js";
import { type FlatNode, isOwn, OPSETS, type Rule } from "./call.js";
import { classicOperators } from "./classic-operators.js";
import { furtherOperators } from "./further-operators.js";
import type { AttributeProto, FunctionProto, ModelProto, NodeProto, OperatorSetId } from "./messages.js";
import { movement } from "./movement.js";
import { arithmetic, layers } from "./operators.js";
import type { Reading } from "./protobuf.js";
import { unsupported } from "./unsupported.js";

/** Functions in functions, and nodes in all: a chain of functions that call the next twice doubles with each. */
const MAX_DEPTH = 16;
const MAX_NODES = 2 ** 17;

let rules: ReadonlyMap<string, Rule> | undefined;

const ruleOf = (opType: string): Rule | undefined => {
  rules ??= new Map(
    Object.entries({ ...classicOperators(), ...layers(), ...arithmetic(), ...movement(), ...furtherOperators() }),
  );
  return rules.get(opType);
};

/** Throws one error that names all nodes of unknown ops. */
export function flatten(model: ModelProto, reading: Reading): { opset: number; nodes: FlatNode[] } {
  const functions = new Map<string, FunctionProto>();
  const keyOf = (domain = "", name = "", overload = "") =>
    JSON.stringify([isOwn(domain) ? "" : domain, name, overload]);
  for (const each of model.functions ?? []) functions.set(keyOf(each.domain, each.name, each.overload), each);
  const versionOf = (imports: OperatorSetId[] | undefined, fallback?: number): number => {
    const version = imports?.find(({ domain }) => isOwn(domain))?.version ?? fallback;
    if (version !== undefined && version >= OPSETS[0] && version <= OPSETS[1]) return version;
    throw reading.error("opset", `ONNX's from ${OPSETS[0]} to ${OPSETS[1]}`, version ?? "none");
  };
  const opset = versionOf(model.opsetImport);
  const nodes: FlatNode[] = [];
  const unknown = new Map<string, string>();

  const append = (
    list: NodeProto[],
    version: number,
    rename: (name: string) => string,
    bound: Map<string, AttributeProto>,
    path: string,
    depth: number,
  ) => {
    list.forEach((node, i) => {
      const { opType = "", domain, overload } = node;
      const name = path + (node.name || `${opType}_${i}`);
      const attributes = new Map<string, AttributeProto>();
      for (const each of node.attribute ?? []) {
        // In a function, an attribute may be that of the call; left out there, it is left out here.
        const given = each.refAttrName ? bound.get(each.refAttrName) : each;
        if (given) attributes.set(each.name ?? "", given);
      }
      const inputs = (node.input ?? []).map((input) => (input ? rename(input) : ""));
      const outputs = (node.output ?? []).map((output) => (output ? rename(output) : ""));
      const called = functions.get(keyOf(domain, opType, overload));
      if (!called) {
        const rule = isOwn(domain) ? ruleOf(opType) : undefined;
        const kind = isOwn(domain) ? opType : `${domain}.${opType}`;
        if (!rule && !unknown.has(kind)) unknown.set(kind, name);
        if (rule) nodes.push({ name, opType, rule, opset: version, inputs, outputs, attributes });
        if (nodes.length > MAX_NODES) throw reading.error("nodes", `at most ${MAX_NODES}`, "more");
        return;
      }
      if (depth === MAX_DEPTH)
        throw reading.error(`function ${describe(opType)}`, `at most ${MAX_DEPTH} calls in one another`, "more");
      for (const each of called.attributeProto ?? [])
        if (!attributes.has(each.name ?? "")) attributes.set(each.name ?? "", each);
      const outer = new Map<string, string>();
      for (const [k, formal] of (called.input ?? []).entries()) outer.set(formal, inputs[k] ?? "");
      for (const [k, formal] of (called.output ?? []).entries()) if (outputs[k]) outer.set(formal, outputs[k]);
      const inner = (local: string) => outer.get(local) ?? `${name}/${local}`;
      append(called.node ?? [], versionOf(called.opsetImport, version), inner, attributes, `${name}/`, depth + 1);
    });
  };
  append(model.graph?.node ?? [], opset, (name) => name, new Map(), "", 0);
  if (unknown.size > 0) {
    const found = [...unknown].map(([op, node]) => ({ op, node, reason: "" }));
    throw unsupported(reading, "ops of convolutional networks", found);
  }
  return { opset, nodes };
}

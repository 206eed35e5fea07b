// The public names of all entry points, each once: what it is, what its comment says, where it is imported from.
import { basename } from "node:path";
import {
  type ApiDeclaredItem,
  ApiDocumentedItem,
  type ApiItem,
  ApiItemContainerMixin,
  ApiItemKind,
  ApiProtectedMixin,
  type Excerpt,
} from "@microsoft/api-extractor-model";
import { entryPoints, extract } from "../../../scripts/api-extractor.js";
import { type TopicId, topicOf } from "./topics.js";

export interface Comment {
  text: string;
  examples: string[];
}

export interface Entry {
  name: string;
  /** Its name; where an entry of the same topic has that, too, with the entry point in front. */
  anchor: string;
  kind: "function" | "class" | "interface" | "type" | "constant";
  topic: TopicId;
  /** Entry points that export it, the one to take first. */
  modules: string[];
  comment: Comment;
  /** One, or one for each overload. */
  signatures: Excerpt[];
  members: Member[];
  /** The file that declares it. */
  file: string;
}

export interface Member {
  name: string;
  comment: Comment;
  signature: Excerpt;
}

const KINDS: Partial<Record<ApiItemKind, Entry["kind"]>> = {
  [ApiItemKind.Function]: "function",
  [ApiItemKind.Class]: "class",
  [ApiItemKind.Interface]: "interface",
  [ApiItemKind.TypeAlias]: "type",
  [ApiItemKind.Variable]: "constant",
};

/** The text of a doc comment and, apart, its examples; tags with no reader (`@internal`, `@function`) are left out. */
export function readComment(source: string): Comment {
  const text = source
    .replace(/^\s*\/\*\*\s?|\s*\*\/\s*$/g, "")
    .replace(/^[ \t]*\* ?/gm, "")
    .trim();
  const [head, ...tags] = text.split(/^@(?=[a-z])/m);
  const examples = tags
    .filter((tag) => tag.startsWith("example"))
    .map((tag) =>
      tag
        .slice("example".length)
        .replace(/```\w*\n?/g, "")
        .trim(),
    );
  return { text: head.trim(), examples };
}

const commentOf = (item: ApiItem): Comment =>
  readComment(item instanceof ApiDocumentedItem ? (item.tsdocComment?.emitAsTsdoc() ?? "") : "");

const isDeclared = (item: ApiItem): item is ApiDeclaredItem => "excerpt" in item;

function memberOf(item: ApiItem): Member[] {
  if (!isDeclared(item)) return [];
  const comment = commentOf(item);
  // What subclasses write is told at the base; there it has a comment.
  if (ApiProtectedMixin.isBaseClassOf(item) && item.isProtected && comment.text === "") return [];
  const name = item.kind === ApiItemKind.Constructor ? "constructor" : item.displayName;
  return [{ name, comment, signature: item.excerpt }];
}

/** Entry points whose exports stand first under their own names; the others export many of the same. */
const ORDER = ["resnet-wasm", "resnet-wasm/data", "resnet-wasm/metrics", "resnet-wasm/recipes", "resnet-wasm/onnx"];
const rank = (module: string) => (ORDER.includes(module) ? ORDER.indexOf(module) : ORDER.length);

export function readEntries(): Entry[] {
  const found = new Map<string, Entry>();
  for (const { module, ...point } of entryPoints().sort((a, b) => rank(a.module) - rank(b.module))) {
    const { report, model } = extract({ module, ...point });
    const renamed = new Map([...report.matchAll(/^export \{ (\w+) as (\w+) \}/gm)].map(([, from, to]) => [from, to]));
    const here = new Set<Entry>();
    for (const item of model.entryPoints[0].members) {
      const kind = KINDS[item.kind];
      if (!kind || !isDeclared(item)) continue;
      const name = renamed.get(item.displayName) ?? item.displayName;
      const file = item.fileUrlPath ?? "";
      const key = `${name} ${file}`;
      const known = found.get(key);
      if (known) {
        if (!known.modules.includes(module)) known.modules.push(module);
        else if (here.has(known)) addOverload(known, item);
        continue;
      }
      const members = ApiItemContainerMixin.isBaseClassOf(item) ? item.members.flatMap(memberOf) : [];
      const comment = commentOf(item);
      const entry = { name, anchor: name, kind, topic: topicOf(file), modules: [module], comment, members, file };
      found.set(key, { ...entry, signatures: [item.excerpt] });
      here.add(found.get(key) as Entry);
    }
  }
  const entries = [...found.values()];
  const taken = new Set<string>();
  for (const entry of entries) {
    if (taken.has(`${entry.topic} ${entry.name}`)) entry.anchor = `${basename(entry.modules[0])}-${entry.name}`;
    taken.add(`${entry.topic} ${entry.name}`);
  }
  return entries;
}

function addOverload(entry: Entry, item: ApiDeclaredItem): void {
  entry.signatures.push(item.excerpt);
  const { text, examples } = commentOf(item);
  if (text && text !== entry.comment.text) entry.comment.text += `${entry.comment.text && "\n\n"}${text}`;
  entry.comment.examples.push(...examples);
}

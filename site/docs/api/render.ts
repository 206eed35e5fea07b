// A page of the API: the entries of one topic, each with its signature, what its comment says, its members and its examples.
import { type Excerpt, ExcerptTokenKind } from "@microsoft/api-extractor-model";
import { escapeHtml, type Highlighter } from "../highlight.js";
import { codeBlock, type Links, type Markdown, type Section } from "../markdown.js";
import type { Entry, Member } from "./entries.js";
import { TOPICS, type TopicId } from "./topics.js";

export const pageOf = (topic: TopicId): string => `api-${topic}.html`;

export const addressOf = ({ anchor, topic }: Entry): string => `${pageOf(topic)}#${anchor}`;

/** The entry that a name leads to: where two share it, the one of the main entry point. */
export function nameIndex(entries: readonly Entry[]): (name: string) => Entry | undefined {
  const byName = new Map<string, Entry>();
  for (const entry of entries) if (!byName.has(entry.name)) byName.set(entry.name, entry);
  return (name) => byName.get(name);
}

interface Rendering {
  markdown: Markdown;
  highlighter: Highlighter;
  links: Links;
}

export interface ApiPage {
  topic: TopicId;
  html: string;
  sections: Section[];
}

export function renderTopic(topic: TopicId, all: readonly Entry[], rendering: Rendering): ApiPage {
  const entries = all.filter((entry) => entry.topic === topic);
  const values = entries.filter(({ kind }) => kind !== "interface" && kind !== "type");
  const types = entries.filter((entry) => !values.includes(entry));
  const { title, about } = TOPICS[topic];
  const part = (heading: string, some: Entry[]) =>
    some.length === 0
      ? ""
      : `<h2 id="${heading.toLowerCase()}">${heading}</h2>${some.map((entry) => renderEntry(entry, rendering)).join("\n")}`;
  const whole = values.map((entry) => renderEntry(entry, rendering)).join("\n");
  return {
    topic,
    html: `<h1>${title}</h1><p>${about}</p>${whole}${part("Types", types)}`,
    sections: [
      { level: 1, id: "", text: title, body: about },
      ...[...values, ...types].map((entry) => ({
        level: 2,
        id: entry.anchor,
        text: entry.name,
        body: searchable(entry),
      })),
    ],
  };
}

/** What a search looks through: the comment, and the members by name. */
const searchable = ({ comment, members }: Entry): string =>
  [comment.text, ...members.map((member) => `${member.name} ${member.comment.text}`)].join(" ");

function renderEntry(entry: Entry, { markdown, highlighter, links }: Rendering): string {
  const { name, anchor, kind, modules, comment, signatures, members } = entry;
  const isValue = kind !== "interface" && kind !== "type";
  const imported = `import ${isValue ? "" : "type "}{ ${name} } from "${modules[0]}";`;
  const level = isValue ? "h2" : "h3";
  const also = modules.slice(1).map((module) => `<code>${module}</code>`);
  const parts = [
    `<section class="entry" aria-labelledby="${anchor}">`,
    `<${level} id="${anchor}"><code>${name}</code> <span class="kind">${kind}</span></${level}>`,
    isValue ? codeBlock(imported, "ts", highlighter) : "",
    also.length > 0 && isValue ? `<p class="also">Also exported by ${also.join(", ")}.</p>` : "",
    ...signatures.map((signature) => `<pre class="signature"><code>${linked(signature, links)}</code></pre>`),
    markdown.comment(comment.text, links),
    ...comment.examples.map((example) => `<h3 class="example">Example</h3>${codeBlock(example, "ts", highlighter)}`),
    members.length > 0 ? renderMembers(members, { markdown, highlighter, links }) : "",
    "</section>",
  ];
  return parts.join("");
}

function renderMembers(members: readonly Member[], { markdown, links }: Rendering): string {
  const rows = members.map(
    ({ signature, comment }) =>
      `<tr><td><code>${linked(signature, links)}</code></td><td>${markdown.comment(comment.text, links)}</td></tr>`,
  );
  return (
    `<div class="scroll" tabindex="0" role="group" aria-label="Members"><table class="members"><thead><tr><th scope="col">Member</th>` +
    `<th scope="col">Meaning</th></tr></thead><tbody>${rows.join("")}</tbody></table></div>`
  );
}

/** A declaration, with links to the types that it names. */
function linked({ spannedTokens }: Excerpt, links: Links): string {
  const parts = spannedTokens.map(({ kind, text, canonicalReference }) => {
    if (kind !== ExcerptTokenKind.Reference) return escapeHtml(text);
    // Two declarations of one name in a bundle of declarations: api-extractor numbers the second.
    const name = text.replace(/_\d+$/, (number) => (links.symbol(text) ? number : ""));
    const address = canonicalReference && links.symbol(name);
    return address ? `<a href="${address}">${escapeHtml(name)}</a>` : escapeHtml(name);
  });
  return parts
    .join("")
    .replace(/^export (declare )?/, "")
    .replace(/\s*;\s*$/, "");
}

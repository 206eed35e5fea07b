// Markdown as the guides use it, made into HTML: headings with anchors, code with a copy button, tables that scroll by
// themselves, and names of the API that lead to their entries.
import MarkdownIt from "markdown-it";
import { escapeHtml, type Highlighter } from "./highlight.js";

export interface Heading {
  level: number;
  id: string;
  text: string;
}

export interface Section extends Heading {
  /** What stands under it until the next heading, as plain text. */
  body: string;
}

export interface Rendered {
  html: string;
  sections: Section[];
}

export interface Links {
  /** The address of a link or picture of the page, from the page that is made. */
  target(href: string): string;
  /** What the page is called that a link leads to; undefined for what is no page of the docs. */
  title(href: string): string | undefined;
  /** The entry of a public name, if there is one. */
  symbol(name: string): string | undefined;
}

/** Anchors as GitHub makes them, so that links hold in both places. */
export const slug = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_\- ]/gu, "")
    .replaceAll(" ", "-");

type Parser = InstanceType<typeof MarkdownIt>;
type Token = ReturnType<Parser["parse"]>[number];

const textOf = (token: Token): string =>
  (token.children ?? []).map(({ type, content }) => (type === "softbreak" ? " " : content)).join("");

/** A block of code with its button, which client/copy.ts brings to life. */
export const codeBlock = (code: string, language: string, { highlight }: Highlighter): string =>
  `<div class="code"><button class="copy" type="button" hidden>Copy</button>` +
  `<pre tabindex="0"><code>${highlight(code.replace(/\n$/, ""), language)}</code></pre></div>\n`;

export class Markdown {
  #parser: Parser;
  #links: Links = { target: (href) => href, title: () => undefined, symbol: () => undefined };

  constructor(highlighter: Highlighter) {
    // Comments tell tests where a block runs. There is no other HTML: what looks like it is text.
    const parser = new MarkdownIt({ html: true, linkify: false });
    const { rules } = parser.renderer;
    rules.html_block = rules.html_inline = (tokens, at) => {
      const { content } = tokens[at];
      return /^<!--[\s\S]*-->\s*$/.test(content) ? "" : escapeHtml(content);
    };
    rules.fence = (tokens, at) => codeBlock(tokens[at].content, tokens[at].info.trim(), highlighter);
    rules.table_open = () => `<div class="scroll" tabindex="0" role="group" aria-label="Table"><table>\n`;
    rules.table_close = () => "</table></div>\n";
    // A heading of a column that says nothing is no heading.
    const tag = (tokens: Token[], at: number) =>
      tokens[at + 1].content || tokens[at].tag === "td" ? tokens[at].tag : "td";
    for (const name of ["th_open", "td_open"])
      rules[name] = (tokens, at) => {
        const align = /text-align:(\w+)/.exec(String(tokens[at].attrGet("style") ?? ""))?.[1];
        return `<${tag(tokens, at)}${align && align !== "left" ? ` class="${align}"` : ""}>`;
      };
    rules.th_close = (tokens, at) => `</${tag(tokens, at - 2)}>`;
    rules.code_inline = (tokens, at) => {
      const { content } = tokens[at];
      const code = `<code>${escapeHtml(content)}</code>`;
      const before = tokens.slice(0, at);
      const open = (type: string) => before.filter((token) => token.type === type).length;
      const entry = open("link_open") > open("link_close") ? undefined : this.#entryOf(content);
      return entry ? `<a class="name" href="${escapeHtml(entry)}">${code}</a>` : code;
    };
    rules.link_open = (tokens, at, options, _, self) => {
      const href = String(tokens[at].attrGet("href"));
      tokens[at].meta = { href };
      tokens[at].attrSet("href", this.#links.target(href));
      return self.renderToken(tokens, at, options);
    };
    // A link that shows the name of a file shows the page's.
    rules.text = (tokens, at) => {
      const { content } = tokens[at];
      const link = tokens[at - 1];
      const isFile = link?.type === "link_open" && /^[\w/.-]+\.md$/.test(content);
      return escapeHtml((isFile && this.#links.title(String(link.meta?.href))) || content);
    };
    rules.image = (tokens, at) => {
      const source = this.#links.target(String(tokens[at].attrGet("src")));
      return `<img src="${escapeHtml(source)}" alt="${escapeHtml(textOf(tokens[at]))}" loading="lazy">`;
    };
    this.#parser = parser;
  }

  /** `createModel`, `createModel(network)`, `new SGD({ lr })`, and no arbitrary text. */
  #entryOf(code: string): string | undefined {
    const name = /^(?:await |new )*([A-Za-z]\w*)(\([\s\S]*\))?$/.exec(code)?.[1];
    return name && this.#links.symbol(name);
  }

  /** A page. Its first heading is its title. */
  page(text: string, links: Links): Rendered {
    this.#links = links;
    const tokens = this.#parser.parse(text, {});
    const sections: Section[] = [];
    const taken = new Map<string, number>();
    tokens.forEach((token, at) => {
      if (token.type === "heading_open") {
        const title = textOf(tokens[at + 1]);
        const base = slug(title);
        const seen = taken.get(base) ?? 0;
        taken.set(base, seen + 1);
        const id = seen ? `${base}-${seen}` : base;
        token.attrSet("id", id);
        sections.push({ level: Number(token.tag.slice(1)), id, text: title, body: "" });
        return;
      }
      const section = sections.at(-1);
      if (!section || tokens[at - 1]?.type === "heading_open") return;
      if (token.type === "inline") section.body += `${textOf(token)} `;
      else if (token.type === "fence") section.body += `${token.content} `;
    });
    return { html: this.#parser.renderer.render(tokens, this.#parser.options, {}), sections };
  }

  /** What a comment in the sources says. */
  comment(text: string, links: Links): string {
    this.#links = links;
    return this.#parser.render(text);
  }
}

// The docs of the site: guides, API by topic, figures of the bench and examples, each a page of its own, written into the
// folder of the built site. Vite has made template.html there, which holds the style sheet and the program of all of them.
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { readEntries } from "./api/entries.js";
import { addressOf, nameIndex, pageOf, renderTopic } from "./api/render.js";
import { TOPICS, type TopicId } from "./api/topics.js";
import { type Group, readGuides } from "./guides.js";
import { escapeHtml, makeHighlighter } from "./highlight.js";
import { codeBlock, type Links, Markdown, type Section } from "./markdown.js";
import { searchIndex } from "./search-index.js";

interface Page {
  title: string;
  html: string;
  sections: readonly Section[];
}

const BENCHES = ["node", "browser"];
const benchTitle = (name: string) => `Speed in ${name === "node" ? "Node" : "Chromium"}`;

export interface Built {
  pages: string[];
}

/**
 * @param root the repository
 * @param site the built site, where docs/ with template.html is
 */
export async function buildDocs(root: string, site: string): Promise<Built> {
  const out = join(site, "docs");
  const highlighter = await makeHighlighter();
  const markdown = new Markdown(highlighter);
  const entries = readEntries();
  const entryOf = nameIndex(entries);
  const groups = readGuides(root);
  const guides = groups.flatMap((group) => group.guides);
  const pages = new Map<string, Page>();
  const pictures = new Set<string>();
  const sources = new Set<string>();

  /** Links as they stand in a file of the repository, sent to the page that is made of what they name. */
  const linksFrom = (file: string): Links => ({
    symbol: (name) => {
      const entry = entryOf(name);
      return entry && addressOf(entry);
    },
    title: (href) => guides.find(({ name }) => basename(href.split("#")[0]) === `${name}.md`)?.title,
    target: (href) => {
      if (/^(https?:|#|mailto:)/.test(href)) return href;
      const [path, anchor] = href.split("#");
      const target = join(dirname(file), path);
      return pageFor(target) + (anchor ? `#${anchor}` : "");
    },
  });

  function pageFor(target: string): string {
    if (/^docs\/[\w-]+\.md$/.test(target)) return `${basename(target, ".md")}.html`;
    if (/^bench\/results\/\w+\.md$/.test(target)) return `bench-${basename(target, ".md")}.html`;
    if (target.startsWith("docs/api-report")) return "api.html";
    if (target === "README.md") return "index.html";
    if (!existsSync(join(root, target))) throw new Error(`docs: a link leads to ${target}, which is not there`);
    if (/\.(svg|png|jpg)$/.test(target)) {
      pictures.add(target);
      return basename(target);
    }
    sources.add(target);
    return `${target.replace(/\W/g, "-")}.html`;
  }

  for (const { name, title, text } of guides) {
    const { html, sections } = markdown.page(text, linksFrom(`docs/${name}.md`));
    pages.set(`${name}.html`, { title, html, sections });
  }
  for (const name of BENCHES) {
    const file = `bench/results/${name}.md`;
    const chart = `![How many times our time others take](${name}.svg)`;
    const text = readFileSync(join(root, file), "utf8").replace(/^# .*$/m, `# ${benchTitle(name)}\n\n${chart}`);
    pages.set(`bench-${name}.html`, { title: benchTitle(name), ...markdown.page(text, linksFrom(file)) });
  }
  for (const topic of Object.keys(TOPICS) as TopicId[]) {
    const { html, sections } = renderTopic(topic, entries, { markdown, highlighter, links: linksFrom("docs/api") });
    pages.set(pageOf(topic), { title: `${TOPICS[topic].title} (API)`, html, sections });
  }
  pages.set("api.html", apiContents());
  pages.set("index.html", contents(groups));
  for (const file of sources) pages.set(pageFor(file), sourcePage(file));

  function apiContents(): Page {
    const list = (Object.keys(TOPICS) as TopicId[]).map((topic) => {
      const own = entries.filter((entry) => entry.topic === topic && !["interface", "type"].includes(entry.kind));
      const names = own.map((entry) => `<a href="${addressOf(entry)}"><code>${entry.name}</code></a>`);
      return `<h2 id="${topic}"><a href="${pageOf(topic)}">${TOPICS[topic].title}</a></h2><p>${TOPICS[topic].about}</p><p class="names">${names.join(" ")}</p>`;
    });
    const sections = [{ level: 1, id: "", text: "API", body: "All public names by topic" }];
    return { title: "API", html: `<h1>API</h1><p>All public names, by topic.</p>${list.join("")}`, sections };
  }

  function sourcePage(file: string): Page {
    const code = readFileSync(join(root, file), "utf8");
    const sections = [{ level: 1, id: "", text: file, body: "" }];
    if (file.endsWith(".md")) return { title: file, ...markdown.page(code, linksFrom(file)) };
    const language =
      { js: "js", ts: "ts", py: "python", json: "json", html: "html" }[file.split(".").at(-1) ?? ""] ?? "";
    const html = `<h1><code>${file}</code></h1>${codeBlock(code, language, highlighter)}`;
    return { title: file, html, sections };
  }

  const template = readFileSync(join(out, "template.html"), "utf8");
  rmSync(join(out, "template.html"));
  mkdirSync(out, { recursive: true });
  for (const [file, page] of pages) writeFileSync(join(out, file), fill(template, file, page, groups));
  for (const file of pictures) copyFileSync(join(root, file), join(out, basename(file)));
  writeFileSync(join(out, "code.css"), highlighter.colours());
  writeFileSync(
    join(out, "search.json"),
    searchIndex(new Map([...pages].map(([file, page]) => [file, page.sections]))),
  );
  return { pages: [...pages.keys()].map((file) => relative(site, join(out, file))) };
}

/** The front page of the docs. */
function contents(groups: readonly Group[]): Page {
  const card = ({ title, guides }: Group) =>
    `<section class="card"><h2>${title}</h2><ul>${guides.map(({ name, title }) => `<li><a href="${name}.html">${escapeHtml(title)}</a></li>`).join("")}</ul></section>`;
  const topics = (Object.keys(TOPICS) as TopicId[]).map(
    (topic) => `<li><a href="${pageOf(topic)}">${TOPICS[topic].title}</a></li>`,
  );
  const api = `<section class="card"><h2><a href="api.html">API by topic</a></h2><ul>${topics.join("")}</ul></section>`;
  const benches = BENCHES.map((name) => `<li><a href="bench-${name}.html">${benchTitle(name)}</a></li>`);
  const measured = `<section class="card"><h2>Measured</h2><ul>${benches.join("")}</ul></section>`;
  const html =
    `<h1>Docs</h1><p>Train and run residual networks wherever JavaScript runs. Every program on these pages is run by a test, and ` +
    `passes a strict type checker.</p><div class="cards">${groups.map(card).join("")}${measured}${api}</div>`;
  return { title: "Docs", html, sections: [{ level: 1, id: "", text: "Docs", body: "" }] };
}

function fill(template: string, file: string, { title, html, sections }: Page, groups: readonly Group[]): string {
  const item = (address: string, text: string) =>
    `<li><a href="${address}"${address === file ? ' aria-current="page"' : ""}>${escapeHtml(text)}</a></li>`;
  const list = (heading: string, items: string[]) => `<h2>${heading}</h2><ul>${items.join("")}</ul>`;
  const menu = [
    ...groups.map((group) =>
      list(
        group.title,
        group.guides.map(({ name, title }) => item(`${name}.html`, title)),
      ),
    ),
    list(
      "Measured",
      BENCHES.map((name) => item(`bench-${name}.html`, benchTitle(name))),
    ),
    list("API", [
      item("api.html", "All names"),
      ...(Object.keys(TOPICS) as TopicId[]).map((topic) => item(pageOf(topic), TOPICS[topic].title)),
    ]),
  ].join("");
  const inner = sections.filter(({ level, id }) => (level === 2 || level === 3) && id);
  const toc = inner.map(
    ({ id, text, level }) => `<li class="level-${level}"><a href="#${id}">${escapeHtml(text)}</a></li>`,
  );
  const parts: Record<string, string> = {
    title: `${escapeHtml(title)} · resnet-wasm`,
    description: escapeHtml(description(sections)),
    menu,
    content: html,
    toc: toc.length > 1 ? `<h2 id="on-this-page">On this page</h2><ul>${toc.join("")}</ul>` : "",
  };
  return template
    .replace("</head>", '<link rel="stylesheet" href="./code.css"></head>')
    .replace(/\{\{(\w+)\}\}/g, (_, name: string) => parts[name]);
}

const description = ([{ body, text }]: readonly Section[]): string => (body.trim() || text).slice(0, 160);

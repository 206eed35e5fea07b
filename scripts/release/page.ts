/** The package's page: README as npm shows it, which knows no other file of the package. */
import { posix } from "node:path";
import MarkdownIt from "markdown-it";

/** A link or picture of Markdown: what stands before its target, the target, and its anchor. */
const LINKS = /(\]\()(?!https?:|#)([^)\s#]+)(#[^)\s]*)?(?=\))/g;

/** npm cuts what is longer off. */
const MOST = 65_536;

/** Pictures that a page of npm shows. */
const PICTURE = /\.(svg|png|jpe?g|gif|webp)$/;

/**
 * README with links that work anywhere: those to files of the package lead to where its files are read, `base`. Throws an `Error` that
 * lists what the page would lack: files that the package has not, text beyond npm's limit.
 *
 * @example
 * wholePage("[decisions](docs/decisions.md)", ["docs/decisions.md"], "https://files.example/"); // "[decisions](https://files.example/docs/decisions.md)"
 */
export function wholePage(readme: string, files: readonly string[], base: string): string {
  const isFolder = (path: string) => files.some((file) => file.startsWith(`${path}/`));
  const missing: string[] = [];
  const page = readme.replace(LINKS, (_, before: string, target: string, anchor = "") => {
    const path = posix.normalize(target).replace(/\/$/, "");
    if (!files.includes(path) && !isFolder(path)) missing.push(path);
    return `${before}${new URL(path, base)}${anchor}`;
  });
  const bytes = Buffer.byteLength(page);
  if (bytes > MOST) missing.push(`${bytes - MOST} of its ${bytes} bytes: npm shows ${MOST}`);
  if (missing.length > 0)
    throw new Error(`README expected to be whole on the package's page, lacks ${missing.join(", ")}`);
  return page;
}

/** The page as HTML, to be looked at: pictures are read from `files`, the folder of the package. */
export function renderPage(page: string, base: string, files: string): string {
  const body = new MarkdownIt({ html: true, linkify: true })
    .render(page)
    .replaceAll(/(<img src=")([^"]+)/g, (whole, before: string, source: string) =>
      source.startsWith(base) && PICTURE.test(source) ? `${before}${files}/${source.slice(base.length)}` : whole,
    );
  const style =
    "body{font:16px/1.5 system-ui;max-width:46rem;margin:2rem auto;padding:0 1rem}pre{background:#f6f8fa;padding:1rem;overflow:auto}" +
    "table{border-collapse:collapse;display:block;overflow:auto}td,th{border:1px solid #d0d7de;padding:.3rem .8rem}img{max-width:100%}";
  return `<!doctype html><meta charset="utf-8"><title>resnet-wasm</title><style>${style}</style>${body}`;
}

// Code in colours, as classes: the pages' policy allows no style attributes. Each pair of colours, one for light and one for
// dark, is a class of its own, which `colours()` writes into the style sheet.
import { type BundledLanguage, createHighlighter, type ThemedTokenWithVariants } from "shiki";

const THEMES = { light: "github-light-high-contrast", dark: "github-dark-high-contrast" } as const;
const LANGUAGES = ["js", "ts", "json", "bash", "http", "html", "python", "c", "go", "rust", "java", "yaml"] as const;
const NAMES: Readonly<Record<string, (typeof LANGUAGES)[number]>> = { jsonc: "json", tsx: "ts", jsx: "js", sh: "bash" };

const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
export const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, (sign) => escapes[sign]);

export interface Highlighter {
  /** The inside of a `code` element. A language that is not known stays without colours. */
  highlight(code: string, language: string): string;
  /** The style sheet of all classes that were given out. */
  colours(): string;
}

export async function makeHighlighter(): Promise<Highlighter> {
  const shiki = await createHighlighter({ themes: Object.values(THEMES), langs: [...LANGUAGES] });
  const classes = new Map<string, string>();
  const classOf = ({ variants }: ThemedTokenWithVariants): string => {
    const pair = `${variants.light.color} ${variants.dark.color}`;
    if (!classes.has(pair)) classes.set(pair, `k${classes.size}`);
    return classes.get(pair) ?? "";
  };
  const rule = ([pair, name]: [string, string]) => {
    const [light, dark] = pair.split(" ");
    return `.${name} { color: light-dark(${light}, ${dark}); }`;
  };
  return {
    highlight(code, language) {
      const lang = NAMES[language] ?? language;
      if (!LANGUAGES.some((known) => known === lang)) return escapeHtml(code);
      const lines = shiki.codeToTokensWithThemes(code, { lang: lang as BundledLanguage, themes: THEMES });
      const span = (token: ThemedTokenWithVariants) =>
        token.content.trim() === ""
          ? token.content
          : `<span class="${classOf(token)}">${escapeHtml(token.content)}</span>`;
      return lines.map((tokens) => tokens.map(span).join("")).join("\n");
    },
    colours: () => [...classes].map(rule).join("\n"),
  };
}

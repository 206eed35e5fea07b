/** The pages that the header leads to, in its order. Paths are from the site's root. */
import type { ShellText } from "../text/shell.js";

export type PageId = keyof ShellText["pages"];

export const PAGES: readonly { id: PageId; path: string }[] = [
  { id: "lesson", path: "index.html" },
  { id: "lab", path: "lab.html" },
  { id: "yours", path: "yours.html" },
  { id: "docs", path: "docs/index.html" },
];

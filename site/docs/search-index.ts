// The index of the docs' search: made here, read by client/search.tsx when somebody searches.
import MiniSearch, { type Options } from "minisearch";
import type { Section } from "./markdown.js";

export interface Found {
  id: string;
  title: string;
  page: string;
}

/** Both sides must agree on these. Identifiers are found by their parts, too: `createModel` by "model". */
export const SEARCH: Options = {
  fields: ["title", "page", "body"],
  storeFields: ["title", "page"],
  tokenize: (text) => {
    const words = text.split(/[^\p{L}\p{N}_]+/u).filter(Boolean);
    const parts = words.flatMap((word) => {
      const found = word.match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+/g) ?? [];
      return found.length > 1 ? found : [];
    });
    return [...words, ...parts];
  },
  searchOptions: { boost: { title: 6, page: 2 }, prefix: true, fuzzy: (word) => (word.length > 4 ? 0.2 : false) },
};

/** @param pages sections of each page, by its file */
export function searchIndex(pages: ReadonlyMap<string, readonly Section[]>): string {
  const search = new MiniSearch(SEARCH);
  for (const [file, sections] of pages)
    search.addAll(
      sections.map(({ id, text, body }) => ({
        id: id && sections[0].id !== id ? `${file}#${id}` : file,
        title: text,
        page: sections[0].text,
        body,
      })),
    );
  return JSON.stringify(search);
}

/** What the docs say around the guides, which are in English. */
import { inLanguages } from "../shell/preferences.js";

const en = {
  search: "Search the docs",
  found: (count: number) => (count === 0 ? "Nothing found." : `${count} found.`),
  searchFailed: "The index of the search could not be loaded.",
  copy: "Copy",
  copied: "Copied",
  notCopied: "Not allowed",
  /** Empty in English. */
  onlyEnglish: "",
};

const zh: typeof en = {
  search: "搜索文档",
  found: (count) => (count === 0 ? "没有找到。" : `找到 ${count} 处。`),
  searchFailed: "无法加载搜索索引。",
  copy: "复制",
  copied: "已复制",
  notCopied: "不允许复制",
  onlyEnglish: "指南和 API 只有英文版。",
};

export const docs = inLanguages({ en, zh });

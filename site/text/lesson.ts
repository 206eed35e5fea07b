/** What the lesson says. */
import { inLanguages } from "../shell/preferences.js";

const en = {
  title: "Why does a deeper network learn less?",
};

const zh: typeof en = {
  title: "为什么更深的网络反而学得更差？",
};

export const lesson = inLanguages({ en, zh });

/** What the frame of every page says: header, switches, figures. */
import { inLanguages } from "../shell/preferences.js";

const en = {
  skip: "Skip to the content",
  navigation: "Pages",
  pages: { lesson: "Lesson", lab: "Laboratory", yours: "Your own", docs: "Docs" },
  language: "Language",
  theme: "Colours",
  themes: { system: "As the device", light: "Light", dark: "Dark" },
  footer: "Everything on this page is computed in this tab. Nothing is sent anywhere.",
  licences: "Licences",
  more: (title: string) => `Table and files: ${title}`,
  save: "Save as",
  saveSvg: "SVG",
  savePng: "PNG",
  openRun: "Open a run",
  saveRun: "Save the run",
  badFile: (name: string) => `${name} is not a run that this page has saved.`,
};
export type ShellText = typeof en;

const zh: ShellText = {
  skip: "跳到正文",
  navigation: "页面",
  pages: { lesson: "课程", lab: "实验室", yours: "你的数据", docs: "文档" },
  language: "语言",
  theme: "颜色",
  themes: { system: "跟随设备", light: "浅色", dark: "深色" },
  footer: "本页的一切都在这个标签页里计算，不向任何地方发送数据。",
  licences: "许可证",
  more: (title) => `表格与文件：${title}`,
  save: "保存为",
  saveSvg: "SVG",
  savePng: "PNG",
  openRun: "打开一次运行",
  saveRun: "保存这次运行",
  badFile: (name) => `${name} 不是本页保存的运行文件。`,
};

export const shell = inLanguages({ en, zh });

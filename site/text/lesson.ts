/** What the lesson says. */
import { inLanguages } from "../shell/preferences.js";

interface Named {
  name: string;
  wrong: string;
}

const en = {
  title: "Why does a deeper network learn less?",
  lead: "More layers should help. See what happens:",
  kinds: { plain: "Plain", residual: "With skips", both: "Both" },
  tour: {
    name: "In three steps",
    shallow: (depth: number) => `1 · ${depth} layers`,
    deep: (depth: number) => `2 · ${depth} layers`,
    skips: "3 · Add skips",
  },
  stage: {
    name: "Train a network",
    depth: "Hidden layers:",
    shown: "Which networks",
    seed: "Seed",
    train: "▶ Train",
    stop: "■ Stop",
    note: "A bar is a layer, a thin one its ReLU. The fuller a bar, the more different the letters still look there; in an empty one they all look alike.",
    chart: "Wrong answers in training",
    steps: "training steps",
    error: "wrong",
    ready: (guessing: number) =>
      `Ten letters of an invented alphabet, 2,000 drawings. Guessing is ${guessing} % wrong.`,
    learning: (nets: readonly Named[]) =>
      `Learning. Wrong: ${nets.map(({ name, wrong }) => `${name} ${wrong}`).join(", ")}.`,
    done: (nets: readonly Named[]) => `Done. Wrong: ${nets.map(({ name, wrong }) => `${name} ${wrong}`).join(", ")}.`,
    weights: { plain: "Weights, plain", residual: "with skips" },
    failed: (reason: string) => `That did not work: ${reason}`,
  },
  network: {
    title: {
      plain: "Plain network",
      residual: "With skip connections",
    },
    layer: "Layer",
    size: "From → to",
    skip: "Skip connection",
    begins: "begins before it",
    ends: "ends after it",
    difference: "How different letters look",
    pixels: (count: number) => `${count} pixels`,
    hidden: (depth: number, width: number) => `${depth} hidden layers of ${width}`,
    letters: (count: number) => `${count} letters`,
  },
};

const zh: typeof en = {
  title: "为什么更深的网络反而学得更差？",
  lead: "层数多了，本应更好。看看实际会怎样：",
  kinds: { plain: "普通", residual: "有跳跃连接", both: "两者" },
  tour: {
    name: "分三步",
    shallow: (depth) => `1 · ${depth} 层`,
    deep: (depth) => `2 · ${depth} 层`,
    skips: "3 · 加跳跃连接",
  },
  stage: {
    name: "训练一个网络",
    depth: "隐藏层数：",
    shown: "哪些网络",
    seed: "种子",
    train: "▶ 训练",
    stop: "■ 停止",
    note: "粗条是一层，细条是它的 ReLU。条越满，各个字母在这一层看来越不同；空的条说明它们看起来都一样。",
    chart: "训练中答错的比例",
    steps: "训练步数",
    error: "答错",
    ready: (guessing) => `一种虚构字母表的十个字母，共 2000 幅图。瞎猜会错 ${guessing} %。`,
    learning: (nets) => `正在学习。答错：${nets.map(({ name, wrong }) => `${name} ${wrong}`).join("，")}。`,
    done: (nets) => `完成。答错：${nets.map(({ name, wrong }) => `${name} ${wrong}`).join("，")}。`,
    weights: { plain: "权重：普通", residual: "有跳跃连接" },
    failed: (reason) => `没有成功：${reason}`,
  },
  network: {
    title: {
      plain: "普通网络",
      residual: "有跳跃连接的网络",
    },
    layer: "层",
    size: "从 → 到",
    skip: "跳跃连接",
    begins: "在它之前开始",
    ends: "在它之后结束",
    difference: "字母看起来有多不同",
    pixels: (count) => `${count} 个像素`,
    hidden: (depth, width) => `${depth} 个隐藏层，每层 ${width}`,
    letters: (count) => `${count} 个字母`,
  },
};

export const lesson = inLanguages({ en, zh });

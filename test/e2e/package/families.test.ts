// An app holds the families that it imports, and no other.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

const dist = fileURLToPath(new URL("../../../dist", import.meta.url));
if (!existsSync(dist)) throw new Error("dist/ is missing: npm test builds it, npm run build does");

/** What only one family says. */
const WORDS: Record<string, string> = {
  mobilenetV2: '"mobilenetV2"',
  mobilenetV3: '"mobilenetV3"',
  efficientnet: "lite0",
  convnext: "femto",
  regnet: "trunk_output",
  densenet: "denseblock",
  shufflenetV2: "branch2",
  resnetv2_50x1_bit: '"resnetv2_50x1_bit"',
  resnet1d: '"resnet1d"',
  resnext50_32x4d: '"resnext50_32x4d"',
  seresnet18: '"seresnet18"',
  cifarResNet: '"cifarResNet"',
};

async function bundle(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: dist },
    ...{ bundle: true, minify: true, splitting: true, format: "esm", platform: "browser", outdir: "out", write: false },
  });
  return outputFiles.find(({ path }) => path.endsWith("stdin.js"))!.text;
}

describe("a bundle", () => {
  it.each(["Linear", ...Object.keys(WORDS)])("with %s has that alone", async (name) => {
    const code = await bundle(
      `import { createModel, ${name} } from "./index.browser.js"; export { createModel, ${name} };`,
    );
    const held = Object.keys(WORDS).filter((family) => code.includes(WORDS[family]));
    expect(held).toEqual(name === "Linear" ? [] : [name]);
  });
});

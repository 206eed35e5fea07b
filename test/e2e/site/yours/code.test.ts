// The programs that "Your own" prints do what it says, in Node, on the built package.
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { codeOf } from "../../../../site/yours/code.js";
import { exportOnnx } from "../../../../src/faces/onnx.js";
import { cifarResNet, createModel, loadModel } from "../../../../src/hosts/node/index.js";
import { NO_SITE } from "../page.js";

const root = fileURLToPath(new URL("../../../..", import.meta.url));

describe.skipIf(NO_SITE)(`the code of "Your own" (${NO_SITE || "Node"})`, () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(root, "build/yours-"));
    for (const kind of ["one", "two"]) {
      mkdirSync(join(folder, "pictures", kind), { recursive: true });
      for (let i = 0; i < 5; i++)
        cpSync(join(root, "test/golden/images/smooth.jpg"), join(folder, "pictures", kind, `${i}.jpg`));
    }
    const rows = Array.from(
      { length: 90 },
      (_, i) => `${i % 7},${(i * 3) % 10},${i % 7 > (i * 3) % 10 ? "win" : "loss"}`,
    );
    writeFileSync(join(folder, "yours.csv"), ["a,b,result", ...rows].join("\n"));
    const readings = Array.from(
      { length: 640 },
      (_, i) => `${Math.sin(i * (i < 320 ? 1.3 : 0.3))},${i < 320 ? "fast" : "slow"}`,
    );
    writeFileSync(join(folder, "readings.csv"), ["x,what", ...readings].join("\n"));
    const net = await createModel(cifarResNet(8), { inputShape: [32, 32, 3] });
    writeFileSync(join(folder, "net.onnx"), exportOnnx(net));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(["pictures", "table", "sensor", "network"] as const)(
    "%s runs, and leaves a model in three formats",
    async (kind) => {
      const code = codeOf(kind, { duration: "short", target: "result", file: "net.onnx" });
      writeFileSync(join(folder, `${kind}.mjs`), code);
      const failure = await new Promise<string>((resolve) =>
        execFile(process.execPath, [`${kind}.mjs`], { cwd: folder, timeout: 55_000 }, (error, stdout, stderr) =>
          resolve(error ? `${error.message} ${stdout} ${stderr}` : ""),
        ),
      );
      expect(failure).toBe("");
      for (const format of ["safetensors", "onnx", "wasm"])
        expect(existsSync(join(folder, `yours.${format}`))).toBe(true);
      const model = await loadModel(readFileSync(join(folder, "yours.safetensors")));
      expect(model.classNames).toHaveLength(2);
    },
  );
});

// `resnet-wasm train`, as users get it: tables and folders of pictures, in processes of its own.
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCsv, TableTransform } from "../../../src/faces/data.js";
import { cifarResNet, createModel, loadModel, resnet18, writeSafetensors } from "../../../src/hosts/node/index.js";
import { root } from "./pack.js";

const bin = join(root, "dist/bin.js");
let folder: string;

beforeAll(async () => {
  if (!existsSync(bin)) throw new Error("dist/ is missing: npm test builds it, npm run build does");
  folder = mkdtempSync(join(tmpdir(), "resnet-wasm-train-"));
  const rows = Array.from(
    { length: 90 },
    (_, i) => `${i % 9},${(i * 7) % 10},${i % 9 > (i * 7) % 10 ? "win" : "loss"}`,
  );
  writeFileSync(join(folder, "games.csv"), ["ours,theirs,result", ...rows].join("\n"));
  for (const [name, picture] of [
    ["smooth", "smooth.jpg"],
    ["half", "half.jpg"],
  ]) {
    mkdirSync(join(folder, "photos", name), { recursive: true });
    for (let i = 0; i < 5; i++)
      cpSync(join(root, "test/golden/images", picture), join(folder, "photos", name, `${i}.jpg`));
  }
  writeFileSync(join(folder, "photos/half/broken.jpg"), "no picture");
  const transform = { resize: [32, 32], mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };
  const model = await createModel(cifarResNet(8), { inputShape: [32, 32, 3], transform, threads: 1 });
  writeFileSync(join(folder, "saved.safetensors"), await model.save());
  const weights = await createModel(resnet18({ classes: 3 }), { inputShape: [32, 32, 3], threads: 1 });
  writeFileSync(join(folder, "resnet18-abc.safetensors"), writeSafetensors(weights.stateDict()));
  writeFileSync(join(folder, "some.safetensors"), writeSafetensors(weights.stateDict()));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (...args: string[]) =>
  new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [bin, "train", ...args], { cwd: folder, timeout: 55_000 }, (error, stdout, stderr) => {
      resolve({ code: error ? (error.code as unknown as number) : 0, stdout, stderr });
    });
  });

describe("npx resnet-wasm train", () => {
  it("makes a model of a table, a page, and prints its figures", async () => {
    const { code, stdout, stderr } = await run("games.csv", "--target", "result", "--folds", "3", "--epochs", "15");
    expect(code, stderr).toBe(0);
    expect(stderr).toContain("games.csv: 90 rows, 2 columns beside the target");
    expect(stderr).toMatch(/model\.safetensors: [\d.]+ [KM]B; report\.html/);
    expect(stdout).toMatch(/^90 rows, each by networks that have not seen it\n.*networks +linear +constant\naccuracy/);
    const page = readFileSync(join(folder, "report.html"), "utf8");
    expect(page).toContain("<h1>games.csv: result</h1>");
    expect(page).not.toMatch(/<script|(src|href)="(?!data:)/);
    expect(page).toContain("games.csv: 90 rows, 2 columns");

    const model = await loadModel(readFileSync(join(folder, "model.safetensors")));
    const rows = readCsv("ours,theirs\n8,1\n1,8");
    const inputs = TableTransform.fromJSON(model.transform).inputs(rows);
    const { data } = model.predict({ data: inputs, shape: [2, 2] });
    expect(model.classNames).toEqual(["loss", "win"]);
    expect([data[1] > data[0], data[3] > data[2]]).toEqual([true, false]);
  });

  it("says all of a table's evaluation as JSON", async () => {
    const options = ["--target", "0", "--keep", "result", "--folds", "2", "--epochs", "2", "--out", "n.safetensors"];
    const { code, stdout, stderr } = await run("games.csv", ...options, "--targets", "number", "--json");
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      samples: 90,
      metrics: { rmse: expect.any(Number) },
      linear: { metrics: { r2: expect.any(Number) } },
    });
    expect(existsSync(join(folder, "n.safetensors"))).toBe(true);
  });

  it("fine-tunes a saved model on a folder of pictures, without those that cannot be read", async () => {
    const { code, stdout, stderr } = await run(
      "photos",
      "--model",
      "saved.safetensors",
      "--epochs",
      "1",
      "--out",
      "p.safetensors",
    );
    expect(code, stderr).toBe(0);
    expect(stderr).toContain("left out: half/broken.jpg");
    expect(stderr).toContain("photos: 10 pictures");
    expect(stdout).toMatch(/^2 samples that were not trained on: accuracy [\d.]+ %, loss [\d.]+\n$/);
    const model = await loadModel(readFileSync(join(folder, "p.safetensors")));
    expect(model.classNames).toEqual(["half", "smooth"]);
    const [best] = await model.classify(readFileSync(join(folder, "photos/smooth/1.jpg")));
    expect(best.name).toBe("smooth");
  });

  it("knows the network of weights alone by the file's name, and asks for it otherwise", async () => {
    const transform = ["--transform", "imagenet"];
    const named = await run(
      "photos",
      "--model",
      "resnet18-abc.safetensors",
      ...transform,
      "--no-stage",
      "--out",
      "r.safetensors",
    );
    expect(named.code, named.stderr).toBe(0);
    expect(named.stderr).toContain("512 features of avgpool");
    const unknown = await run("photos", "--model", "some.safetensors");
    expect([unknown.code, unknown.stderr]).toEqual([
      2,
      expect.stringContaining("--network expected mobilenet_v2, resnet18"),
    ]);
  });

  it.each([
    [["games.csv"], 2, "--target expected the column"],
    [["games.csv", "--target", "score"], 1, 'target expected a column of ["ours", "theirs", "result"]'],
    [["games.csv", "--target", "result", "--model", "saved.safetensors"], 2, "--model expected with a folder"],
    [["games.csv", "--target", "result", "--folds", "no"], 2, "--folds expected a whole number"],
    [["games.csv", "--target", "result", "--out", "model.onnx"], 2, "--out expected a name that ends in .safetensors"],
    [["none.csv", "--target", "result"], 1, "none.csv: expected a csv file or a folder, got none of this name"],
    [["photos"], 2, "--model expected the network"],
    [["photos", "--target", "x", "--model", "saved.safetensors"], 2, "--target expected with a csv file"],
    [["photos/smooth", "--model", "saved.safetensors"], 1, "photos/smooth: loadImageFolder"],
  ])("refuses %j with exit code %i", async (args, code, message) => {
    const ended = await run(...args);
    expect(ended.stderr).toContain(message);
    expect([ended.code, ended.stdout]).toEqual([code, ""]);
  });
});

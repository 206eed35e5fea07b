// `npx resnet-wasm`, as users get it: the built package, in processes of its own.
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  cifarResNet,
  createModel,
  createTrainer,
  mse,
  resnet18,
  SGD,
  type Tensor,
} from "../../../src/hosts/node/index.js";
import { loadOnnx } from "../../../src/hosts/node/onnx.js";
import { writeModel } from "../../../src/onnx/read.js";
import { modelOf, node, residualModel, weight } from "../../support/onnx-build.js";
import { stateDictFile } from "../../support/pytorch-files.js";
import { start } from "../standalone/modules.js";
import { root } from "./pack.js";

const bin = join(root, "dist/bin.js");
let folder: string;

beforeAll(async () => {
  if (!existsSync(bin)) throw new Error("dist/ is missing: npm test builds it, npm run build does");
  folder = mkdtempSync(join(tmpdir(), "resnet-wasm-command-"));
  const put = (name: string, data: string | Uint8Array) => writeFileSync(join(folder, name), data);
  put("net.onnx", writeModel(residualModel([3, 32, 32], 4)));
  const odd = [
    node("Conv", ["x", "w"], ["a"], { kernel_shape: [3, 3] }, { name: "first" }),
    node("Hadamard", ["a"], ["b"], {}, { name: "strange" }),
    node("Quantile", ["b"], ["y"], {}, { name: "stranger" }),
  ];
  put("odd.onnx", writeModel(modelOf(13, ["n", 3, 8, 8], odd, [weight("w", 4, 3, 3, 3)])));
  const outside = {
    name: "m",
    dims: [2, 3],
    dataType: 1,
    dataLocation: 1,
    externalData: [{ key: "location", value: "m.bin" }],
  };
  put("outside.onnx", writeModel(modelOf(13, ["n", 2], [node("MatMul", ["x", "m"], ["y"])], [outside])));
  put("m.bin", new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer));
  const model = await createModel(cifarResNet(8), { inputShape: [32, 32, 3], threads: 1 });
  put("model.safetensors", await model.save());
  const trainer = createTrainer(model, { loss: mse(), optimizer: new SGD({ lr: 0.1 }) });
  put("trainer.checkpoint", await trainer.save());
  put("weights.pth", stateDictFile((await createModel(resnet18(), { inputShape: [32, 32, 3] })).stateDict()));
  put("labels.txt", "0 cat\n1 dog\n2 bird\n3 fish\n");
  put("transform.json", JSON.stringify({ resize: [32, 32], mean: [0.4, 0.5, 0.6], std: [0.2, 0.2, 0.2] }));
  put("text.txt", "hello");
  put("empty.onnx", "");
  put("page.safetensors", "<!doctype html>\n<title>404</title>");
  for (const name of ["smooth.jpg", "half.jpg"]) cpSync(join(root, "test/golden/images", name), join(folder, name));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

const run = (...args: string[]): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(process.execPath, [bin, ...args], { cwd: folder, timeout: 55_000 }, (error, stdout, stderr) => {
      resolve({ code: error ? (error.code as unknown as number) : 0, stdout, stderr });
    });
  });

const ok = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await run(...args);
  expect(code, stderr).toBe(0);
  return stdout;
};

describe("npx resnet-wasm", () => {
  it("tells of itself", async () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    for (const option of ["--version", "-v"]) expect(await ok(option)).toBe(`${version}\n`);
    const help = await ok("--help");
    expect([await ok("-h"), await ok("help")]).toEqual([help, help]);
    const commands = [...help.matchAll(/^ {2}([a-z]\w+) {2,}\S/gm)].map(([, name]) => name!);
    expect(commands).toEqual(expect.arrayContaining(["info", "convert", "classify", "train", "doctor"]));
    for (const name of commands) {
      const about = await ok(name, "--help");
      expect(await ok("help", name)).toBe(about);
      expect(about).toMatch(new RegExp(`^Usage: resnet-wasm ${name} .*\\[options\\]$`, "m"));
      expect(about).toContain("Exit code: 0 ");
      expect(about.split("\n").every((line) => line.length <= 100)).toBe(true);
    }
  });

  it.each<[args: string, message: string]>([
    ["", "command expected info, convert"],
    ["inof net.onnx", "got inof. Did you mean info?"],
    ["--verison", "got --verison. Did you mean --version?"],
    ["info", "info: arguments expected <file>, got none"],
    ["info a b", "info: arguments expected <file>, got a b"],
    ["info net.onnx --jsn", "got --jsn. Did you mean --json?"],
    ["info net.onnx --json=yes", "info: --json expected no value, got yes"],
    ["classify net.onnx", "classify: arguments expected <model> <images…>, got net.onnx"],
    ["classify net.onnx smooth.jpg --top", "classify: --top expected <n>, got none"],
    ["classify net.onnx smooth.jpg --top 0", "--top expected a whole number from 1, got 0"],
    ["classify net.onnx smooth.jpg --transform imagnet", "got imagnet. Did you mean imagenet?"],
    ["classify net.onnx smooth.jpg --labels none.txt", "--labels expected a file that can be read, got none.txt"],
    ["classify net.onnx smooth.jpg --transform labels.json", "--transform expected a file that can be read"],
    ["convert net.onnx net.pth", "<out> expected a name that ends in .safetensors or .onnx, got net.pth"],
    ["convert net.onnx net.safetensors --dtype f16", "--dtype expected F32, F16, BF16, I8, got f16. Did you mean F16?"],
    ["convert weights.pth w.safetensors --dtype I8", "--dtype I8 expected with a network, got weights alone"],
    ["convert net.onnx again.onnx --dtype F16", "--dtype expected with the other format"],
    ["convert net.onnx net.safetensors --opset 18", "--opset expected with the other format"],
    ["compile net.onnx --picture 40", "compile: --picture expected <w>x<h>, got 40"],
    ["doctor net.onnx", "doctor: arguments expected none, got net.onnx"],
  ])("%s: wrong arguments", async (args, message) => {
    const { code, stdout, stderr } = await run(...args.split(" ").filter(Boolean));
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^resnet-wasm: .*\nSee resnet-wasm (\w+ )?--help\n$/);
    expect([code, stdout]).toEqual([2, ""]);
  });

  it.each<[args: string, message: string]>([
    ["info none.onnx", "none.onnx: file expected one that can be read, got none of this name"],
    ["info .", ".: file expected one that can be read, got a folder"],
    ["info empty.onnx", "empty.onnx: file expected a model, weights or an ONNX network, got an empty one"],
    ["info page.safetensors", "page.safetensors: file expected a model, weights or an ONNX network, got a page"],
    ["info /dev/zero", "/dev/zero: file expected one that can be read, got a device"],
    ["train /dev/zero --target a", "got a device"],
    ["info text.txt", "inspectOnnx: text.txt: protobuf message"],
    ["classify weights.pth smooth.jpg", "weights.pth: file expected a network, got weights alone. A program makes"],
    ["classify trainer.checkpoint smooth.jpg", "file expected a network, got a trainer's checkpoint"],
    [
      "convert odd.onnx odd.safetensors",
      'odd.onnx: nodes expected ops of convolutional networks, got Hadamard (node "strange")',
    ],
    ["compile weights.pth", "weights.pth: file expected a network, got weights alone. A program makes"],
    ["compile net.onnx --picture 40x40", "compileModel: model.transform expected a transform of pictures, got none"],
    ["convert net.onnx none/net.safetensors", "none/net.safetensors: file expected a place that can be written"],
    ["convert net.onnx net.safetensors --labels text.txt", "classNames expected 4 names"],
    ["convert net.onnx net.safetensors --labels imagenet", "classNames expected 4 names"],
  ])("%s: fails", async (args, message) => {
    const { code, stdout, stderr } = await run(...args.split(" "));
    expect(stderr).toContain(message);
    expect(stderr.split("\n").length).toBe(2);
    expect([code, stdout]).toEqual([1, ""]);
  });
});

describe("info", () => {
  it("tells of ONNX networks", async () => {
    const text = await ok("info", "net.onnx", "--layers");
    for (const line of [/^ +opset +13/m, /^ +input +x \[n, 3, 32, 32\]$/m, /^ +takes +\[n, 32, 32, 3\]/m])
      expect(text).toMatch(line);
    expect(text).toMatch(/^ +gives +\[n, 4\]$/m);
    expect(text).toMatch(/^ +runs here +yes$/m);
    expect(text).toMatch(/^ +nodes +2 Conv, 2 BatchNormalization, 2 Relu/m);
    expect(text).toMatch(/conv1\.weight +F32 +\[8, 3, 3, 3\]/);
    expect(text).toMatch(/fc +\[n, 4\]|Gemm \(gemm\) +\[n, 4\]/);
    expect(JSON.parse(await ok("info", "outside.onnx", "--json"))).toMatchObject({ runs: true, outputShape: [3] });
  });

  it("names all nodes that do not run here", async () => {
    const text = await ok("info", "odd.onnx");
    expect(text).toMatch(
      /^ +runs here +no, for want of ops:\n +Hadamard \(node "strange"\)\n +Quantile \(node "stranger"\)\n/m,
    );
    const { runs, unsupported, nodes } = JSON.parse(await ok("info", "odd.onnx", "--json"));
    expect([runs, nodes]).toEqual([false, { Conv: 1, Hadamard: 1, Quantile: 1 }]);
    expect(unsupported).toEqual([
      { op: "Hadamard", node: "strange", reason: "" },
      { op: "Quantile", node: "stranger", reason: "" },
    ]);
  });

  it("tells of saved models, checkpoints and weights", async () => {
    expect(JSON.parse(await ok("info", "model.safetensors", "--json"))).toMatchObject({
      ...{ format: "safetensors", kind: "saved model", inputShape: [32, 32, 3], outputShape: [10] },
    });
    expect(await ok("info", "trainer.checkpoint")).toMatch(/file +safetensors, checkpoint, /);
    const { kind, parameters, tensors } = JSON.parse(await ok("info", "weights.pth", "--json"));
    expect([kind, parameters, tensors.length]).toEqual(["weights", 11_699_132, 122]);
    expect(await ok("info", "weights.pth")).toContain("… 102 more: --tensors");
    expect((await ok("info", "weights.pth", "--tensors")).split("\n").length).toBeGreaterThan(120);
  });
});

describe("convert", () => {
  it("makes saved models and ONNX files of networks", async () => {
    await ok("convert", "net.onnx", "net.safetensors", "--labels", "labels.txt", "--transform", "inception");
    await ok("convert", "net.onnx", "half.safetensors", "--dtype", "F16");
    await ok("convert", "net.safetensors", "again.onnx", "--opset", "18", "--fold-batch-norm");
    const saved = JSON.parse(await ok("info", "net.safetensors", "--json"));
    expect(saved).toMatchObject({ classNames: ["cat", "dog", "bird", "fish"], transform: { resize: [32, 32] } });
    const half = JSON.parse(await ok("info", "half.safetensors", "--json"));
    expect(half.tensors.find(({ name }: { name: string }) => name === "fc.weight").dtype).toBe("F16");
    expect(JSON.parse(await ok("info", "again.onnx", "--json"))).toMatchObject({
      ...{ opset: 18, producer: "resnet-wasm", nodes: { Conv: 2 }, runs: true },
    });
    const x = { data: Float32Array.from({ length: 3072 }, (_, i) => Math.sin(i)), shape: [1, 32, 32, 3] };
    const [before, after] = await Promise.all(
      ["net.onnx", "again.onnx"].map(
        async (name) => (await loadOnnx(readFileSync(join(folder, name)))).predict(x).data,
      ),
    );
    for (const [i, value] of before!.entries()) expect(after![i]).toBeCloseTo(value, 5);
  });

  it("makes safetensors files of PyTorch's weights", async () => {
    const { stdout, stderr } = await run("convert", "weights.pth", "weights.safetensors", "--dtype", "BF16");
    expect([stdout, stderr]).toEqual(["", expect.stringMatching(/^weights\.safetensors: 22 MB\n$/)]);
    const { tensors } = JSON.parse(await ok("info", "weights.safetensors", "--json"));
    const types = Object.fromEntries(tensors.map(({ name, dtype }: Record<string, string>) => [name, dtype]));
    expect(types).toMatchObject({ "fc.weight": "BF16", "fc.bias": "F32", "bn1.num_batches_tracked": "F32" });
    await ok("convert", join(root, "test/golden/pytorch/checkpoint.pth"), "c.safetensors");
    expect(await ok("info", "c.safetensors")).toMatch(/num_batches_tracked +I64/);
    expect((await run("convert", "weights.pth", "w.safetensors", "--labels", "labels.txt")).code).toBe(2);
  });
});

describe("compile", () => {
  it("writes a module that has the bits of predict, and tells how to prepare pictures", async () => {
    const args = ["--batch", "2", "--transform", "transform.json", "--labels", "labels.txt", "--picture", "40x40"];
    const { code, stderr } = await run("compile", "net.onnx", "-o", "net.wasm", ...args);
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^net\.wasm: \d+ KB\n$/)]);
    const { info, predict } = start(new Uint8Array(readFileSync(join(folder, "net.wasm"))));
    expect(info).toMatchObject({ batchSize: 2, classNames: ["cat", "dog", "bird", "fish"], picture: { maxWidth: 40 } });
    const model = await loadOnnx(readFileSync(join(folder, "net.onnx")), { threads: 1, relaxedSimd: false });
    const x = new Float32Array(2 * 32 * 32 * 3).map((_, i) => (i % 17) / 17);
    expect(predict(x, 2)).toEqual(model.predict<Tensor>({ data: x, shape: [2, 32, 32, 3] }).data);
    model.dispose();
    await ok("compile", "net.onnx", "--f16");
    expect(start(new Uint8Array(readFileSync(join(folder, "net.wasm")))).info.precision).toBe("F16");
  });
});

describe("classify", () => {
  it("tells classes of pictures, for people and for programs", async () => {
    const args = ["net.onnx", "smooth.jpg", "half.jpg", "--labels", "labels.txt", "--transform", "transform.json"];
    const text = await ok("classify", ...args, "--top", "2");
    expect(text).toMatch(/^smooth\.jpg\n( +\d+\.\d % {2}(cat|dog|bird|fish)\n){2}half\.jpg\n/);
    const list = JSON.parse(await ok("classify", ...args, "--json"));
    expect(list.map(({ image, classes }: { image: string; classes: unknown[] }) => [image, classes.length])).toEqual([
      ["smooth.jpg", 4],
      ["half.jpg", 4],
    ]);
    const [{ index, name, probability }] = list[0].classes;
    expect(["cat", "dog", "bird", "fish"][index]).toBe(name);
    expect(text).toContain(`${(100 * probability).toFixed(1)} %  ${name}`);
  });

  it("goes on after a picture that cannot be read, and says so in the end", async () => {
    const args = ["classify", "net.onnx", "none.jpg", "text.txt", "smooth.jpg", "--transform", "unit"];
    const plain = await run(...args);
    expect(plain.code).toBe(1);
    expect(plain.stderr).toMatch(
      /^resnet-wasm: classify: none\.jpg: file expected one that can be read, got none of this name\nresnet-wasm: classify: text\.txt: .*\n$/,
    );
    expect(plain.stdout).toMatch(/^smooth\.jpg\n( +\d+\.\d % {2}class \d\n){4}$/);
    const { code, stdout, stderr } = await run(...args, "--json");
    expect([code, stderr]).toEqual([1, ""]);
    expect(JSON.parse(stdout).map((each: object) => Object.keys(each)[1])).toEqual(["error", "error", "classes"]);
  });

  it("tells how to prepare pictures where nobody has", async () => {
    const { code, stderr } = await run("classify", "net.onnx", "smooth.jpg");
    expect(code).toBe(1);
    expect(stderr).toContain("--transform says how pictures are prepared");
  });
});

describe("quantize", () => {
  const pictures = ["--transform", "unit"];
  beforeAll(async () => {
    writeFileSync(join(folder, "list.txt"), "smooth.jpg\nhalf.jpg\n");
    await ok("quantize", "model.safetensors", "list.txt", ...pictures, "-o", "small.safetensors");
  });

  it("writes a network in eight bits, and tells what it cost", async () => {
    const args = ["net.onnx", "list.txt", "--labels", "labels.txt", ...pictures, "--ranges", "minmax", "--first"];
    const text = await ok("quantize", ...args, "--keep", "fc.weight");
    expect(text).toMatch(/^ +pictures +2\n +agreement +\d+\.\d % have the same first class/);
    expect(text).toMatch(/^ +fc\.weight +float32: /m);
    const report = JSON.parse(await ok("quantize", ...args, "--json", "--samples", "1", "--float-last"));
    expect(report).toMatchObject({ samples: 1, layers: [{ name: "conv1.weight", precision: "int8" }, {}, {}] });
    const list = JSON.parse(await ok("classify", "net.int8.safetensors", "smooth.jpg", "--json"));
    expect(["cat", "dog", "bird", "fish"]).toContain(list[0].classes[0].name);
  });

  it("its networks are opened by the other commands", async () => {
    const text = await ok("info", "small.safetensors", "--layers");
    expect(text).toMatch(/^ +file +safetensors, saved model in eight bits, /m);
    expect(text).toMatch(/^ +layer1\.0\.conv1\.weight +int8$/m);
    await ok("predict", "small.safetensors", "list.txt", "--outputs", "--out", "small.jsonl");
    const outputs = readFileSync(join(folder, "small.jsonl"), "utf8").trim().split("\n");
    await ok("convert", "small.safetensors", "same.safetensors");
    expect(readFileSync(join(folder, "same.safetensors"))).toEqual(readFileSync(join(folder, "small.safetensors")));
    await ok("convert", "small.safetensors", "small.onnx");
    expect(JSON.parse(await ok("info", "small.onnx", "--json")).nodes).toHaveProperty("QuantizeLinear");
    await ok("compile", "small.safetensors", "-o", "small.wasm", "--picture", "64x64");
    const { info } = start(new Uint8Array(readFileSync(join(folder, "small.wasm"))));
    expect([info.precision, info.output, outputs.length]).toEqual(["I8", [10], 2]);
  });

  it.each<[args: string, code: number, message: string]>([
    [
      "quantize small.safetensors list.txt",
      1,
      "small.safetensors: file expected a network in float32, got one in eight",
    ],
    ["train . --model small.safetensors", 1, "small.safetensors: file expected a network in float32, got one in eight"],
    ["convert small.safetensors a.onnx --fold-batch-norm", 2, "expected with a network in float32"],
    ["convert small.safetensors a.safetensors --dtype F16", 2, "expected with a network in float32"],
    ["compile small.safetensors --f16", 1, 'precision expected "I8"'],
    ["quantize net.onnx list.txt", 2, "--transform expected for a model that does not say how pictures are prepared"],
    ["quantize net.onnx none", 2, "<folder or list> expected one that can be read, got none"],
    ["quantize net.onnx labels.txt --transform unit", 1, "0 cat: file expected one that can be read"],
    [
      "quantize net.onnx list.txt --transform unit --ranges max",
      2,
      "--ranges expected minmax, percentile, mse, got max",
    ],
    ["quantize net.onnx list.txt --transform unit --keep fc", 1, "keep"],
  ])("%s: fails", async (args, expected, message) => {
    const { code, stdout, stderr } = await run(...args.split(" "));
    expect(stderr).toContain(message);
    expect([code, stdout]).toEqual([expected, ""]);
  });
});

it("runs where it is linked, as npm links it, and into a pipe that is closed", async () => {
  const link = join(folder, "resnet-wasm");
  symlinkSync(bin, link);
  const shell = (command: string) =>
    new Promise<string>((resolve, reject) => {
      execFile("sh", ["-c", command], { cwd: folder }, (error, stdout, stderr) =>
        error || stderr ? reject(error ?? new Error(stderr)) : resolve(stdout),
      );
    });
  expect(await shell(`${process.execPath} ${link} info weights.pth --tensors | head -n 1`)).toBe("weights.pth\n");
});

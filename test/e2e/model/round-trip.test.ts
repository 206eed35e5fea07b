// Files: PyTorch loads what `save` writes, and what was loaded is saved again byte by byte.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  cifarResNet,
  createModel,
  type Layer,
  loadModel,
  type Model,
  readSafetensors,
  resnet18,
  resnet50,
  writeSafetensors,
} from "../../../src/hosts/node/index.js";
import { images } from "../../golden/generator.js";
import { maxDifference, nchwToNhwc } from "../../golden/load.js";

const python = "/usr/bin/python3";
const found = spawnSync(python, ["-c", "import torch, torchvision"]).status === 0;

// Reads the file by the format's definition, since the package safetensors may be missing beside torch.
const CHECK = `
import json, struct, sys, torch, torchvision
path, name, size, side = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:5])
data = open(path + "/model.safetensors", "rb").read()
(n,) = struct.unpack("<Q", data[:8])
header = json.loads(data[8:8 + n])
types = {"F32": torch.float32, "I64": torch.int64}
state = {}
for key, t in header.items():
    if key != "__metadata__":
        begin, end = t["data_offsets"]
        state[key] = torch.frombuffer(bytearray(data[8 + n + begin:8 + n + end]), dtype=types[t["dtype"]]).reshape(t["shape"])
net = getattr(torchvision.models, name)(num_classes=size)
print(net.load_state_dict(state, strict=True))
x = torch.frombuffer(bytearray(open(path + "/x.bin", "rb").read()), dtype=torch.float32).reshape(1, 3, side, side)
torch.set_num_threads(1)
with torch.no_grad():
    y = net.eval()(x)
open(path + "/y.bin", "wb").write(y.numpy().tobytes())
`;

/** Running statistics other than 0 and 1: one forward in training mode. */
const SIDE = 64;
const shape = [1, 3, SIDE, SIDE];
async function warmed(network: Layer, seed: number): Promise<Model> {
  const model = await createModel(network, { inputShape: [SIDE, SIDE, 3], seed, relaxedSimd: false });
  const batch = [4, 3, SIDE, SIDE];
  model.forward(nchwToNhwc(images("round trip/batch", batch), batch), { training: true });
  return model;
}

describe.skipIf(!found)(`PyTorch loads our file${found ? "" : ` (skipped: no torchvision in ${python})`}`, () => {
  it.each([
    ["resnet18", resnet18({ classes: 7 })],
    ["resnext50_32x4d", resnet50({ classes: 7, groups: 32, width: 4 })],
  ] as [string, Layer][])("%s, strict", async (name, network) => {
    const folder = mkdtempSync(join(tmpdir(), "resnet-wasm-"));
    try {
      const model = await warmed(network, 5);
      const x = images("round trip/x", shape);
      writeFileSync(join(folder, "model.safetensors"), await model.save());
      writeFileSync(join(folder, "x.bin"), x);
      const args = ["-c", CHECK, folder, name, "7", String(SIDE)];
      const { status, stdout, stderr } = spawnSync(python, args, { encoding: "utf8" });
      expect(status, stderr).toBe(0);
      expect(stdout).toContain("<All keys matched successfully>");
      const bytes = readFileSync(join(folder, "y.bin"));
      const y = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
      const ours = model.predict(nchwToNhwc(x, shape)).data;
      const largest = Math.max(...y.map(Math.abs));
      expect(maxDifference(ours, y)).toBeLessThan(1e-5 * largest + 2e-5);
      model.dispose();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("load, save, load", () => {
  it.each([
    ["resnet18", resnet18({ classes: 5, zeroInitResidual: true })],
    [
      "resnet18 with options",
      resnet18({ classes: 5, stem: "deep", avgDown: true, seRatio: 0.25, stochasticDepth: 0.1 }),
    ],
    ["pre-activation ResNet-20", cifarResNet(20, { preActivation: true, padSide: "append" })],
  ] as [string, Layer][])("%s is byte-equal", async (_, network) => {
    const model = await warmed(network, 11);
    const first = await model.save();
    const loaded = await loadModel(first, { relaxedSimd: false });
    expect(loaded.network.toJSON()).toEqual(network.toJSON());
    const second = await loaded.save();
    expect(Buffer.compare(second, first)).toBe(0);
    const x = nchwToNhwc(images("round trip/x", shape), shape);
    expect(loaded.predict(x)).toEqual(model.predict(x));
    const { tensors, metadata } = readSafetensors(first);
    const dtype = (name: string) => (name.endsWith("num_batches_tracked") ? "I64" : "F32");
    expect(Buffer.compare(writeSafetensors(tensors, { metadata, dtype, digest: true }), first)).toBe(0);
    model.dispose();
    loaded.dispose();
  });
});

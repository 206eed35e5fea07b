/** The built package, and the networks in its own words. */

/** The file of an entry for Node, of this tree's build or of another's. */
export async function entryFile(entry, packageRoot) {
  const [{ readFile }, { pathToFileURL }] = [await import("node:fs/promises"), await import("node:url")];
  const root = packageRoot ? pathToFileURL(`${packageRoot}/`) : new URL("../../", import.meta.url);
  const { exports } = JSON.parse(await readFile(new URL("package.json", root), "utf8"));
  return new URL(exports[entry].node, root).href;
}

/** In a page the server knows where they are. */
export const library = async (packageRoot) =>
  import(typeof process === "object" ? await entryFile(".", packageRoot) : "/library.js");
const onnx = async (packageRoot) =>
  import(typeof process === "object" ? await entryFile("./onnx", packageRoot) : "/onnx.js");

const networks = {
  resnet18: ({ resnet18 }) => resnet18(),
  resnet50: ({ resnet50 }) => resnet50(),
  resnet20: ({ cifarResNet }) => cifarResNet(20, { classes: 10, shortcut: "pad" }),
  fc({ Linear, ReLU, Residual, Sequential }) {
    const main = () => new Sequential(new Linear(128, 128), new ReLU(), new Linear(128, 128));
    const blocks = Array.from({ length: 8 }, () => new Residual(main(), { activation: new ReLU() }));
    return new Sequential(new Linear(784, 128), new ReLU(), ...blocks, new Linear(128, 10));
  },
  conv({ Conv2d, Sequential }, { conv: [, channels, out, kernelSize, stride] }) {
    const padding = (kernelSize - 1) / 2;
    return new Sequential({ conv: new Conv2d(channels, out, { kernelSize, stride, padding, bias: false }) });
  },
  mobilenet_v2: ({ mobilenetV2 }, { classes = 1000 }) => mobilenetV2({ classes, dropout: 0 }),
  mobilenet_v3_small: ({ mobilenetV3 }) => mobilenetV3("small"),
  efficientnet_b0: ({ efficientnet }) => efficientnet("b0"),
  convnext_atto: ({ convnext }) => convnext("atto"),
};

/** Keras pads on one side, which files say and our layers do not: its networks come from ONNX. */
async function fromOnnx(task, { net, parameters }, { packageRoot, ...options }) {
  const [{ loadOnnx }, { networkModel }] = [await onnx(packageRoot), await import("../ort/model.js")];
  return loadOnnx(networkModel(net, parameters, task.batch), options);
}

/** `ours`: what the main entry exports. */
export const networkOf = (ours, task) => networks[task.net](ours, task);

async function fromLayers(task, { net, parameters }, { packageRoot, ...options }) {
  const ours = await library(packageRoot);
  const network = networkOf(ours, task);
  const model = await ours.createModel(network, { inputShape: net.ops[0].shape, ...options });
  // BatchNorm counts its batches; the bench has no number for that.
  const counters = [...model.stateDict()].filter(([name]) => name.endsWith("num_batches_tracked"));
  model.loadStateDict(new Map([...counters, ...parameters]));
  return model;
}

/** A model with the parameters of the bench, on exactly the path that was asked for. */
export async function createOurs(task, data, options) {
  const model = await (task.keras ? fromOnnx : fromLayers)(task, data, options);
  const { info } = model;
  const differs = ["threads", "relaxedSimd", "wide"].some((key) => (options[key] ?? info[key]) !== info[key]);
  if (differs) throw new Error(`expected ${JSON.stringify(options)}, got: ${info.why}`);
  return model;
}

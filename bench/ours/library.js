/** The built package, and the networks in its own words. */

/** The file of the main entry for Node, of this tree's build or of another's. */
export async function mainEntry(packageRoot) {
  const [{ readFile }, { pathToFileURL }] = [await import("node:fs/promises"), await import("node:url")];
  const root = packageRoot ? pathToFileURL(`${packageRoot}/`) : new URL("../../", import.meta.url);
  const { exports } = JSON.parse(await readFile(new URL("package.json", root), "utf8"));
  return new URL(exports["."].node, root).href;
}

/** In a page the server knows where it is. */
export const library = async (packageRoot) =>
  import(typeof process === "object" ? await mainEntry(packageRoot) : "/library.js");

const networks = {
  resnet18: ({ resnet18 }) => resnet18(),
  resnet50: ({ resnet50 }) => resnet50(),
  resnet20: ({ cifarResNet }) => cifarResNet(20, { classes: 10, shortcut: "pad" }),
  fc({ Linear, ReLU, Residual, Sequential }) {
    const main = () => new Sequential(new Linear(128, 128), new ReLU(), new Linear(128, 128));
    const blocks = Array.from({ length: 8 }, () => new Residual(main(), { activation: new ReLU() }));
    return new Sequential(new Linear(784, 128), new ReLU(), ...blocks, new Linear(128, 10));
  },
  conv({ Conv2d, Sequential }, [, channels, out, kernelSize, stride]) {
    const padding = (kernelSize - 1) / 2;
    return new Sequential({ conv: new Conv2d(channels, out, { kernelSize, stride, padding, bias: false }) });
  },
};

/** A model with the parameters of the bench, on exactly the path that was asked for. */
export async function createOurs(task, { net, parameters }, { threads, relaxedSimd, packageRoot }) {
  const ours = await library(packageRoot);
  const network = networks[task.net](ours, task.conv);
  const model = await ours.createModel(network, { inputShape: net.ops[0].shape, threads, relaxedSimd });
  const { info } = model;
  if (info.threads !== threads || info.relaxedSimd !== relaxedSimd)
    throw new Error(`expected ${threads} threads, relaxed SIMD ${relaxedSimd}, got: ${info.why}`);
  // BatchNorm counts its batches; the bench has no number for that.
  const counters = [...model.stateDict()].filter(([name]) => name.endsWith("num_batches_tracked"));
  model.loadStateDict(new Map([...counters, ...parameters]));
  return model;
}

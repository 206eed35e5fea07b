// Where an entry of the API stands in the docs: by the file that declares it, as the folders of src/ are cut by topic.
export interface Topic {
  id: string;
  title: string;
  about: string;
}

const topic = (id: string, title: string, about: string): Topic => ({ id, title, about });

export const TOPICS = {
  models: topic("models", "Models", "Make a model of a network, run it, and ask what it takes."),
  layers: topic("layers", "Layers", "What networks are made of, and what layers of your own are made of."),
  blocks: topic("blocks", "Blocks and twins", "Skip connections, the blocks that have them, and networks without."),
  networks: topic("networks", "Ready-made networks", "Families, with names and parameters of torchvision and timm."),
  losses: topic("losses", "Losses", "What is made smaller."),
  optimizers: topic("optimizers", "Optimisers and schedules", "How weights move, and how far."),
  training: topic("training", "Training", "Trainers, callbacks, stopping and going on, reports."),
  metrics: topic("metrics", "Metrics", "What to measure beside the loss."),
  looking: topic("looking", "Looking into a model", "Activations, Grad-CAM, gradients checked, time per layer."),
  files: topic("files", "Weights and files", "State dicts, safetensors, stores."),
  data: topic("data", "Data sets", "Data in memory and from files, split, joined, changed on the way."),
  images: topic("images", "Images", "Decoding, augmentation, and what a network expects of a picture."),
  recipes: topic("recipes", "Recipes", "A table or a fine-tuned network in one call."),
  onnx: topic("onnx", "ONNX", "Networks of ONNX files, and models as ONNX files."),
  pytorch: topic("pytorch", "PyTorch", "Weights of .pt and .pth files."),
  quantize: topic("quantize", "Eight bits", "Networks on integers: twice as fast, a quarter of the size."),
  standalone: topic("standalone", "Standalone modules", "A trained network as one .wasm without imports."),
  worker: topic("worker", "In a worker", "The same models and trainers, in a worker of the page."),
  tools: topic("tools", "Tools", "What a machine offers, and bars in a terminal."),
  errors: topic("errors", "Errors", "What is thrown, by class."),
} as const satisfies Record<string, Topic>;

export type TopicId = keyof typeof TOPICS;

/** By the first prefix of the path below src/ that fits. */
const PREFIXES: readonly (readonly [string, TopicId])[] = [
  ["core/errors", "errors"],
  ["core/thrown", "errors"],
  ["hosts/browser/worker", "worker"],
  ["worker/", "worker"],
  ["faces/worker", "worker"],
  ["faces/imagenet", "images"],
  ["data/imagenet", "images"],
  ["data/image/", "images"],
  ["data/", "data"],
  ["metrics/", "metrics"],
  ["recipes/", "recipes"],
  ["faces/recipes", "recipes"],
  ["hosts/default/recipes", "recipes"],
  ["onnx/", "onnx"],
  ["hosts/default/onnx", "onnx"],
  ["io/pytorch", "pytorch"],
  ["faces/pytorch", "pytorch"],
  ["quantize/", "quantize"],
  ["faces/quantize", "quantize"],
  ["hosts/default/quantize", "quantize"],
  ["standalone/", "standalone"],
  ["tools/", "tools"],
  ["train/progress-bar", "tools"],
  ["model/profile", "looking"],
  ["model/features", "looking"],
  ["model/gradcheck", "looking"],
  ["model/summary", "looking"],
  ["model/memory-plan", "looking"],
  ["train/diagnose", "looking"],
  ["train/capture", "looking"],
  ["model/freeze", "training"],
  ["model/state", "files"],
  ["model/saving", "files"],
  ["io/", "files"],
  ["stores/", "files"],
  ["optim/", "optimizers"],
  ["train/groups", "optimizers"],
  ["train/layer-decay", "optimizers"],
  ["train/", "training"],
  ["nn/losses", "losses"],
  ["nn/blocks", "blocks"],
  ["nn/residual", "blocks"],
  ["nn/shortcut", "blocks"],
  ["nn/squeeze", "blocks"],
  ["nn/inverted", "blocks"],
  ["nn/tabular-block", "blocks"],
  ["nn/twins", "blocks"],
  ["nn/replace-head", "networks"],
  ["nn/resnet", "networks"],
  ["nn/mlp", "networks"],
  ["nn/mobilenet", "networks"],
  ["nn/efficientnet", "networks"],
  ["nn/convnext", "networks"],
  ["nn/regnet", "networks"],
  ["nn/densenet", "networks"],
  ["nn/shufflenet", "networks"],
  ["nn/", "layers"],
  ["ops/", "layers"],
  ["graph/", "layers"],
  ["core/random", "data"],
];

/** Everything else speaks of models: what they are made of, tensors and shapes, what runtimes offer. */
export const topicOf = (file: string): TopicId =>
  PREFIXES.find(([prefix]) => file.replace(/^src\//, "").startsWith(prefix))?.[1] ?? "models";

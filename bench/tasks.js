/**
 * What is measured. The tasks of a group share the processes of their contenders; a name is a title in the report. `ours`:
 * nobody else takes part; `clock`: whatever the others are timed by; `at`: only there, in Node or in pages.
 */
const product = (m, n, k) => ({ name: `${m}x${n}x${k}`, kind: "gemm", m, n, k });
const convolution = (name, batch, ...conv) => ({ name, kind: "infer", net: "conv", conv, batch });
const prediction = (net, batch) => ({ name: `batch ${batch}`, kind: "infer", net, batch });
const training = (net, batch) => ({ name: `batch ${batch}`, kind: "train", net, batch, lr: 0.05, momentum: 0.9 });
const onPhones = (net) => [prediction(net, 1), prediction(net, 8), prediction(net, 32)];
const ofKeras = (name, net) => ({ name, kind: "infer", net, batch: 1, keras: true });

export const groups = {
  gemm: {
    title: "Matrix product, M x N x K",
    tasks: [product(512, 512, 512), product(128, 128, 128), product(128, 128, 784), product(4096, 64, 64)],
  },
  "conv-resnet18": {
    title: "Convolutions of ResNet-18, batch 1",
    tasks: [
      convolution("7x7/2, 224x224x3 to 64", 1, 224, 3, 64, 7, 2),
      convolution("3x3, 56x56x64", 1, 56, 64, 64, 3, 1),
      convolution("3x3, 28x28x128", 1, 28, 128, 128, 3, 1),
      convolution("3x3, 14x14x256", 1, 14, 256, 256, 3, 1),
      convolution("3x3, 7x7x512", 1, 7, 512, 512, 3, 1),
      convolution("3x3/2, 28x28x128 to 256", 1, 28, 128, 256, 3, 2),
      convolution("1x1/2, 28x28x128 to 256", 1, 28, 128, 256, 1, 2),
    ],
  },
  "conv-resnet20": {
    title: "Convolutions of ResNet-20, batch 32",
    tasks: [
      convolution("3x3, 32x32x3 to 16", 32, 32, 3, 16, 3, 1),
      convolution("3x3, 32x32x16", 32, 32, 16, 16, 3, 1),
      convolution("3x3/2, 32x32x16 to 32", 32, 32, 16, 32, 3, 2),
      convolution("3x3, 16x16x32", 32, 16, 32, 32, 3, 1),
      convolution("3x3, 8x8x64", 32, 8, 64, 64, 3, 1),
    ],
  },
  resnet18: { title: "ResNet-18, prediction, 224x224", tasks: [prediction("resnet18", 1)] },
  resnet50: { title: "ResNet-50, prediction, 224x224", tasks: [prediction("resnet50", 1)] },
  resnet20: {
    title: "CIFAR ResNet-20, prediction",
    tasks: [prediction("resnet20", 32), prediction("resnet20", 128)],
  },
  "resnet20-train": { title: "CIFAR ResNet-20, training step, batch 128", tasks: [training("resnet20", 128)] },
  "resnet20-train-32": { title: "CIFAR ResNet-20, training step, batch 32", tasks: [training("resnet20", 32)] },
  "resnet20-train-2": { title: "CIFAR ResNet-20, training step, batch 2", tasks: [training("resnet20", 2)] },
  mobilenet_v2: { title: "MobileNetV2, prediction, 224x224", tasks: onPhones("mobilenet_v2") },
  mobilenet_v3_small: { title: "MobileNetV3-small, prediction, 224x224", tasks: onPhones("mobilenet_v3_small") },
  efficientnet_b0: { title: "EfficientNet-b0, prediction, 224x224", tasks: onPhones("efficientnet_b0") },
  convnext_atto: { title: "ConvNeXt-atto, prediction, 224x224", tasks: onPhones("convnext_atto") },
  "mobilenet_v2-train": {
    title: "MobileNetV2, training step, 96x96, batch 32",
    tasks: [{ ...training("mobilenet_v2", 32), size: 96, classes: 10 }],
  },
  keras: {
    title: "Networks of Keras, prediction, 224x224",
    at: "page",
    tasks: [
      // Its formula weights make 0.3 of the largest output of a rounding at the first layer (NOTES.md).
      { ...ofKeras("MobileNetV2", "mobilenet_v2"), isChaotic: true },
      ofKeras("MobileNetV3-small", "mobilenet_v3_small"),
      ofKeras("EfficientNet-b0", "efficientnet_b0"),
      ofKeras("ResNet-50", "resnet50"),
    ],
  },
  "fc-train": { title: "Fully connected 784-128x8-10, training step, batch 128", tasks: [training("fc", 128)] },
  fc: { title: "Fully connected 784-128x8-10, prediction", tasks: [prediction("fc", 1), prediction("fc", 128)] },
  threads: {
    title: "Two threads against one",
    ours: true,
    clock: "wall",
    tasks: [
      { ...prediction("resnet18", 1), name: "ResNet-18, batch 1" },
      { ...prediction("resnet50", 1), name: "ResNet-50, batch 1" },
      { ...prediction("resnet20", 128), name: "CIFAR ResNet-20, batch 128" },
      { ...training("resnet20", 128), name: "CIFAR ResNet-20, training, batch 128" },
      { ...training("resnet20", 32), name: "CIFAR ResNet-20, training, batch 32" },
      { ...prediction("mobilenet_v2", 1), name: "MobileNetV2, batch 1" },
      { ...training("fc", 128), name: "fully connected, training, batch 128" },
      { ...prediction("fc", 128), name: "fully connected, batch 128" },
      { ...prediction("fc", 1), name: "fully connected, batch 1" },
    ],
  },
  startup: {
    title: "Import to first prediction, CIFAR ResNet-20, new processes",
    at: "node", // a fresh page is no fresh process
    tasks: [{ name: "batch 1", kind: "startup", net: "resnet20", batch: 1 }],
  },
};
// Longer than the time limit of a first result elsewhere: at batch 2 even the slowest show how slow.
groups["resnet20-train-2"].limit = 220;

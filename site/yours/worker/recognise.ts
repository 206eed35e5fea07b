/** Networks of files that hold weights alone, known by the names and shapes of their tensors. */
import {
  cifarResNet,
  convnext,
  createModel,
  DataError,
  densenet,
  efficientnet,
  type Layer,
  type Model,
  mobilenetV2,
  mobilenetV3,
  regnet,
  resnet18,
  resnet34,
  resnet50,
  resnet101,
  resnet152,
  resnext50_32x4d,
  type StoredTensor,
  shufflenetV2,
  wide_resnet50_2,
} from "resnet-wasm";
import { IMAGENET_TRANSFORM, type ImageTransform } from "resnet-wasm/data";

type Tensors = ReadonlyMap<string, StoredTensor>;
type Make = (options: { classes: number }) => Layer;

interface Family {
  /** A tensor that only this family has. */
  mark: string;
  networks: readonly Make[];
  transform?: ImageTransform;
}

const CIFAR: ImageTransform = { resize: [32, 32], mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] };
const DEPTHS = [20, 32, 44, 56, 110, 8, 14];

const FAMILIES: readonly Family[] = [
  {
    mark: "layer4.0.conv1.weight",
    networks: [resnet18, resnet34, resnet50, resnet101, resnet152, resnext50_32x4d, wide_resnet50_2],
  },
  {
    mark: "layer3.0.conv1.weight",
    networks: DEPTHS.map(
      (depth) =>
        ({ classes }) =>
          cifarResNet(depth, { classes }),
    ),
    transform: CIFAR,
  },
  {
    mark: "features.0.0.weight",
    networks: [
      mobilenetV2,
      ({ classes }) => mobilenetV3("small", { classes }),
      ({ classes }) => mobilenetV3("large", { classes }),
      ({ classes }) => efficientnet("b0", { classes }),
      ({ classes }) => convnext("tiny", { classes }),
    ],
  },
  { mark: "features.denseblock1.denselayer1.norm1.weight", networks: [({ classes }) => densenet(121, { classes })] },
  { mark: "trunk_output.block1.block1-0.f.a.0.weight", networks: [({ classes }) => regnet("y_400mf", { classes })] },
  { mark: "stage2.0.branch1.0.weight", networks: [({ classes }) => shufflenetV2("x1_0", { classes })] },
];

/** Builds the networks that the names speak for, until the weights fit one. */
export async function recognise(tensors: Tensors): Promise<Model> {
  const names = new Map(
    [...tensors].map(([name, tensor]) => [name.replace(/^(module|model|_orig_mod)\./, ""), tensor]),
  );
  const classes = [...names.values()].filter(({ shape }) => shape.length === 2).at(-1)?.shape[0];
  const family = FAMILIES.find(({ mark }) => names.has(mark));
  if (!family || !classes)
    throw new DataError(
      `The file holds weights of a network that this page does not know: ${[...names.keys()].slice(0, 4).join(", ")}, …`,
    );
  const transform = family.transform ?? IMAGENET_TRANSFORM;
  const side = family.transform ? 32 : IMAGENET_TRANSFORM.crop;
  let last: unknown;
  for (const make of family.networks) {
    const model = await createModel(make({ classes }), { inputShape: [side, side, 3], transform, seed: 1 });
    try {
      model.loadStateDict(tensors);
      return model;
    } catch (error) {
      last = error; // of another depth or width: the next one may fit
      model.dispose();
    }
  }
  throw last;
}

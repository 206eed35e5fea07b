/** Networks that weights alone are of, by their names. */
import type { StoredTensor } from "../hosts/default/index.js";
import {
  type Layer,
  mobilenetV2,
  resnet18,
  resnet34,
  resnet50,
  resnet101,
  resnet152,
  resnext50_32x4d,
  resnext101_32x8d,
  wide_resnet50_2,
  wide_resnet101_2,
} from "../hosts/default/index.js";
import { meant, UsageError } from "./command.js";

/** As torchvision calls them. */
const NETWORKS: Record<string, (options: { classes: number }) => Layer> = {
  mobilenet_v2: mobilenetV2,
  resnet18,
  resnet34,
  resnet50,
  resnet101,
  resnet152,
  resnext50_32x4d,
  resnext101_32x8d,
  wide_resnet50_2,
  wide_resnet101_2,
};

/** The network of a name, or of the name of a file, with as many classes as the weights have. */
export function networkOf(name: string, tensors: ReadonlyMap<string, StoredTensor>): Layer {
  const known = Object.keys(NETWORKS);
  const plain = name
    .toLowerCase()
    .replaceAll("-", "_")
    .replace(/\.\w+$/, "");
  const found = known.filter((each) => plain.includes(each)).sort((a, b) => b.length - a.length)[0];
  const last = [...tensors.values()].filter(({ shape }) => shape.length === 2).at(-1);
  if (found && last) return NETWORKS[found]({ classes: last.shape[0] });
  throw new UsageError(`train: --network expected ${known.join(", ")}, got ${name}${meant(plain, known)}`);
}

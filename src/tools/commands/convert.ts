/** `resnet-wasm convert`: from one format to another. */
import process from "node:process";
import { exportQdq, type QuantizedModel } from "../../faces/quantize.js";
import { writeSafetensors } from "../../hosts/default/index.js";
import { exportOnnx } from "../../hosts/default/onnx.js";
import { type Command, type Given, UsageError } from "../command.js";
import { formatBytes, type ModelFile, openFile, openPredictor, readWeights, writeWhole } from "../model-file.js";
import { preparationOptions, readPreparation } from "../preparation.js";

const DTYPES = ["F32", "F16", "BF16", "I8"] as const;
type Dtype = Exclude<(typeof DTYPES)[number], "I8">;

export const convert: Command = {
  arguments: "<in> <out>",
  count: [2, 2],
  about: `Reads a safetensors, ONNX or PyTorch file and writes it as the name of the other says. A network, from an ONNX file or a saved
    model, becomes a saved model (.safetensors), which loadModel opens, or an ONNX file (.onnx); one in eight bits has
    QuantizeLinear and DequantizeLinear there. Weights alone, from PyTorch or
    other programs, become a safetensors file of weights.`,
  options: {
    dtype: {
      value: "<type>",
      about:
        "F32 (default), F16, BF16 or, of a network, I8: the type of weights with two and more dimensions in a safetensors file",
    },
    "fold-batch-norm": { about: "multiply BatchNorms into the convolutions before them in an ONNX file" },
    opset: { value: "<n>", about: "of an ONNX file, 17 to 23, default 17" },
    ...preparationOptions,
  },
  codes: "0 when the file was written, 1 when it was not, 2 on wrong arguments.",
  async run(given) {
    const [from, to] = given.arguments;
    const dtype = given.oneOf("dtype", DTYPES);
    const format = /\.(safetensors|onnx)$/.exec(to)?.[1];
    if (!format) throw new UsageError(`convert: <out> expected a name that ends in .safetensors or .onnx, got ${to}`);
    for (const option of format === "onnx" ? ["dtype", "labels", "transform"] : ["opset", "fold-batch-norm"])
      if (given.flag(option)) throw new UsageError(`convert: --${option} expected with the other format, got ${to}`);
    const { classNames, transform } = await readPreparation(given);
    const file = await openFile(from);
    const isWeights = file.format !== "ONNX" && readWeights(file).kind === "weights";
    if (isWeights && format === "safetensors") {
      if (dtype === "I8") throw new UsageError("convert: --dtype I8 expected with a network, got weights alone");
      if (classNames || transform)
        throw new UsageError("convert: --labels and --transform expected with a network, got weights alone");
      return written(to, convertWeights(file, dtype));
    }
    const model = await openPredictor(file, { threads: 1, ...(classNames && { classNames }) });
    if (transform) model.transform = transform(model.inputShape);
    const opset = given.count("opset", 17);
    const bytes =
      "summary" in model
        ? format === "onnx"
          ? exportOnnx(model, { opset, foldBatchNorm: given.flag("fold-batch-norm") })
          : await model.save(dtype && { dtype })
        : await convertQuantized(model, given, format === "onnx" ? opset : undefined);
    model.dispose();
    return written(to, bytes);
  },
};

/** A network in eight bits as an ONNX file, where there is an opset, or as a saved model again. */
async function convertQuantized(model: QuantizedModel, given: Given, opset?: number): Promise<Uint8Array> {
  for (const option of ["dtype", "fold-batch-norm"])
    if (given.flag(option))
      throw new UsageError(`convert: --${option} expected with a network in float32, got one in eight bits`);
  return opset === undefined ? model.save() : exportQdq(model, { opset });
}

async function written(path: string, bytes: Uint8Array): Promise<number> {
  await writeWhole(path, bytes);
  process.stderr.write(`${path}: ${formatBytes(bytes.length)}\n`);
  return 0;
}

/** Counters stay integers, and what has one dimension float32. */
function convertWeights(file: ModelFile, dtype: Dtype = "F32"): Uint8Array {
  const { tensors, metadata } = readWeights(file);
  const isInteger = (name: string) => /^(U|I|BOOL)/.test(tensors.get(name)?.dtype ?? "");
  const isMatrix = (name: string) => (tensors.get(name)?.shape.length ?? 0) > 1;
  return writeSafetensors(tensors, {
    metadata,
    digest: true,
    dtype: (name) => (isInteger(name) ? "I64" : isMatrix(name) ? dtype : "F32"),
  });
}

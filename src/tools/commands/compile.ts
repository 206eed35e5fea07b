/** `resnet-wasm compile`: a network as one .wasm. */
import process from "node:process";
import { compileModel } from "../../faces/standalone.js";
import { type Command, UsageError } from "../command.js";
import { formatBytes, openFile, openPredictor, writeWhole } from "../model-file.js";
import { preparationOptions, readPreparation } from "../preparation.js";

export const compile: Command = {
  arguments: "<model>",
  count: [1, 1],
  about: `Writes a saved model or an ONNX file as one WebAssembly module without imports: kernels, weights and program. Any host with
    SIMD runs it: it exports memory, input(), output(), run(n) and info().`,
  options: {
    output: { value: "<file>", short: "o", about: "what to write; default: the model's name with .wasm" },
    batch: { value: "<n>", about: "samples that run takes at most, default 1" },
    f16: { about: "weights of two and more dimensions in half precision: half the size" },
    "relaxed-simd": { about: "faster where the host has relaxed SIMD; last bits then depend on the processor" },
    picture: {
      value: "<w>x<h>",
      about: "also take RGB pictures up to this size and apply the model's transform to them",
    },
    ...preparationOptions,
  },
  codes: "0 when the file was written, 1 when it was not, 2 on wrong arguments.",
  async run(given) {
    const [from] = given.arguments;
    const to = given.text("output") ?? `${from.replace(/\.(safetensors|onnx)$/, "")}.wasm`;
    const size = given.text("picture");
    const sides = /^([1-9]\d{0,4})x([1-9]\d{0,4})$/.exec(size ?? "");
    if (size !== undefined && !sides) throw new UsageError(`compile: --picture expected <w>x<h>, got ${size}`);
    const batchSize = given.count("batch", 1);
    const { classNames, transform } = await readPreparation(given);
    const model = await openPredictor(await openFile(from), { threads: 1, ...(classNames && { classNames }) });
    if (transform) model.transform = transform(model.inputShape);
    const bytes = compileModel(model, {
      batchSize,
      relaxedSimd: given.flag("relaxed-simd"),
      ...(given.flag("f16") && { precision: "F16" as const }),
      ...(sides && { picture: { maxWidth: Number(sides[1]), maxHeight: Number(sides[2]) } }),
    });
    model.dispose();
    await writeWhole(to, bytes);
    process.stderr.write(`${to}: ${formatBytes(bytes.length)}\n`);
    return 0;
  },
};

import { DataError, loadModel } from "resnet-wasm";
import { exportOnnx } from "resnet-wasm/onnx";
import { compileModel } from "resnet-wasm/standalone";
import { currentSession, setSession } from "./context.js";
import type { Format } from "./formats.js";
import { describeModel } from "./network.js";
import type { Kind, Known } from "./protocol.js";

/** The model as a file. */
export async function exportModel(format: Format): Promise<Uint8Array<ArrayBuffer>> {
  const { model } = currentSession();
  if (format === "onnx") return exportOnnx(model);
  if (format === "wasm") return compileModel(model, { batchSize: 1 });
  return model.save();
}

/** A file that `exportModel("safetensors")` or `model.save()` made, of a kind that this page knows. */
export async function openModel(bytes: Uint8Array<ArrayBuffer>): Promise<Known> {
  const model = await loadModel(bytes);
  const transform = model.transform as { features?: unknown; channels?: unknown; mean?: unknown } | undefined;
  const found: Kind | undefined = transform?.features
    ? "table"
    : transform?.channels
      ? "sensor"
      : model.inputShape.length === 3 && model.classNames
        ? "pictures"
        : undefined;
  if (!found) {
    model.dispose();
    throw new DataError(
      "expected a model of pictures with class names, of a table or of a sensor, as this page saves them",
    );
  }
  const known = await describeModel(model, found);
  setSession({ model, known });
  return known;
}

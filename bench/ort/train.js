/** Training left ONNX Runtime's JavaScript packages after 1.19; the call that its documentation still shows tells so. */
import { loadOrt } from "./runtime.js";

export async function create(_, { native = false }) {
  const { ort } = await loadOrt(native);
  return ort.TrainingSession.create({ checkpointState: "checkpoint", trainModel: "training_model.onnx" });
}

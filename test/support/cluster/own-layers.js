// A layer of one's own, as each machine of a cluster imports it.
import { binary, Layer, registerLayer } from "resnet-wasm";

/** y = x * w, with a weight for each feature. */
export class Scaled extends Layer {
  type = "Scaled";

  constructor(features) {
    super();
    this.features = features;
  }

  args() {
    return [this.features];
  }

  record(b, x) {
    return binary(b, "mul", x, b.parameter("weight", [this.features], { init: 1.5 }));
  }
}

registerLayer("Scaled", Scaled);

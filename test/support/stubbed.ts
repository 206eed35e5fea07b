/**
 * The main entry on kernels that do nothing, for tests that ask no numbers of them: they need no build. Every run leaves the
 * memory as it is, so outputs, losses and gradients are the zeros that a new memory holds.
 */
import { modelCreator, modelLoader } from "../../src/model/create.js";
import type { Model } from "../../src/model/model.js";
import type { Layer } from "../../src/nn/layer.js";
import { type Runtime, singleThread } from "../../src/runtime/host.js";

export * from "../../src/faces/main.js";

// (module (import "env" "memory" (memory 1 65536))
//   (func (export "submit") (param i32 i32 i32) (result i32) i32.const 0)
//   (func (export "groups") (result i32) i32.const 63))
const NOTHING = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x0c, 0x02, 0x60, 0x03, 0x7f, 0x7f, 0x7f, 0x01, 0x7f, 0x60, 0x00, 0x01, 0x7f],
  ...[
    0x02, 0x12, 0x01, 0x03, 0x65, 0x6e, 0x76, 0x06, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 0x02, 0x01, 0x01, 0x80, 0x80,
    0x04,
  ],
  ...[0x03, 0x03, 0x02, 0x00, 0x01],
  ...[
    0x07, 0x13, 0x02, 0x06, 0x73, 0x75, 0x62, 0x6d, 0x69, 0x74, 0x00, 0x00, 0x06, 0x67, 0x72, 0x6f, 0x75, 0x70, 0x73,
    0x00, 0x01,
  ],
  ...[0x0a, 0x0b, 0x02, 0x04, 0x00, 0x41, 0x00, 0x0b, 0x04, 0x00, 0x41, 0x3f, 0x0b],
);

const runtime: Runtime = {
  name: "stub",
  noRelaxed: () => "the stub has one variant",
  ...singleThread("the stub has one thread"),
};
const kernels = () => WebAssembly.compile(NOTHING);

export const createModel = modelCreator(runtime, kernels);
export const loadModel = modelLoader(runtime, kernels);

/** As `build` of setups.ts. */
export const build = (network: Layer, inputShape: number[], _?: undefined, seed = 0): Promise<Model> =>
  createModel(network, { inputShape, seed });

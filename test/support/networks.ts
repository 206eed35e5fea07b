// Random networks of all fully connected layers, for property tests.
import fc from "fast-check";
import {
  BatchNorm1d,
  Dropout,
  ELU,
  Flatten,
  GELU,
  GroupNorm,
  Hardsigmoid,
  Hardswish,
  Identity,
  type Layer,
  LayerNorm,
  LeakyReLU,
  Linear,
  LogSoftmax,
  Mish,
  ReLU,
  ReLU6,
  Residual,
  Sequential,
  Sigmoid,
  SiLU,
  Softmax,
  Softplus,
  StochasticDepth,
  Tanh,
  tabularResNet,
} from "../../src/faces/main.js";

/** A layer that takes features of one width to another. */
interface Piece {
  layer: Layer;
  to: number;
}

type ActivationLayer = ConstructorParameters<typeof Residual>[1] extends infer O
  ? O extends { activation?: infer A }
    ? NonNullable<A>
    : never
  : never;

const ACTIVATIONS: (() => ActivationLayer)[] = [
  () => new ReLU(),
  () => new LeakyReLU({ negativeSlope: 0.2 }),
  () => new GELU(),
  () => new GELU({ approximate: "tanh" }),
  () => new SiLU(),
  () => new Sigmoid(),
  () => new Tanh(),
  () => new ELU({ alpha: 0.7 }),
  () => new Hardswish(),
  () => new ReLU6(),
  () => new Hardsigmoid(),
  () => new Mish(),
  () => new Softplus({ beta: 1.5 }),
];

const activation = fc.constantFrom(...ACTIVATIONS).map((make) => make());
const width = fc.integer({ min: 1, max: 21 });
const divisors = (n: number) => Array.from({ length: n }, (_, i) => i + 1).filter((d) => n % d === 0);

const keepers = (from: number): fc.Arbitrary<Layer> =>
  fc.oneof(
    { arbitrary: activation as fc.Arbitrary<Layer>, weight: 4 },
    { arbitrary: fc.boolean().map((affine) => new LayerNorm(from, { affine, eps: 1e-2 })), weight: 1 },
    {
      arbitrary: fc
        .record({ affine: fc.boolean(), groups: fc.constantFrom(...divisors(from)) })
        .map(({ groups, affine }) => new GroupNorm(groups, from, { affine, eps: 1e-2 })),
      weight: 1,
    },
    {
      arbitrary: fc
        .record({ affine: fc.boolean(), frozen: fc.boolean() })
        .map((options) => new BatchNorm1d(from, { ...options, eps: 1e-2 })),
      weight: 2,
    },
    { arbitrary: fc.constantFrom(0, 0.3).map((p) => new Dropout(p)), weight: 1 },
    {
      arbitrary: fc.constantFrom<"row" | "batch">("row", "batch").map((mode) => new StochasticDepth(0.4, { mode })),
      weight: 1,
    },
    { arbitrary: fc.constantFrom<Layer>(new Identity(), new Softmax(), new LogSoftmax()), weight: 1 },
  );

/** One layer, or with `depth` left, a Sequential or a Residual. */
function piece(from: number, depth: number): fc.Arbitrary<Piece> {
  const linear = fc
    .record({ to: width, bias: fc.boolean() })
    .map(({ to, bias }) => ({ layer: new Linear(from, to, { bias }), to }));
  const keeper = keepers(from).map((layer) => ({ layer, to: from }));
  if (depth === 0) return fc.oneof(linear, keeper);
  return fc.oneof(
    { arbitrary: linear, weight: 3 },
    { arbitrary: keeper, weight: 4 },
    {
      arbitrary: chain(from, depth - 1, 3).map(({ layers, to }) => ({ layer: new Sequential(...layers), to })),
      weight: 1,
    },
    { arbitrary: residual(from, depth - 1), weight: 3 },
  );
}

function residual(from: number, depth: number): fc.Arbitrary<Piece> {
  const parts = fc.record({
    main: chain(from, depth, 3),
    activation: fc.option(activation),
    custom: fc.boolean(),
    narrow: fc.boolean(),
  });
  return parts.map(({ main: { layers, to }, activation, custom, narrow }) => {
    const shortcut = custom ? new Sequential(new Linear(from, to), new Tanh()) : "projection";
    if (!narrow) return { layer: new Residual(new Sequential(...layers), { activation, shortcut }), to };
    const back = new Sequential(...layers, new Linear(to, from));
    return { layer: new Residual(back, { activation }), to: from };
  });
}

function chain(from: number, depth: number, most: number): fc.Arbitrary<{ layers: Layer[]; to: number }> {
  const grow = (pieces: Layer[], at: number, left: number): fc.Arbitrary<{ layers: Layer[]; to: number }> =>
    left === 0
      ? fc.constant({ layers: pieces, to: at })
      : piece(at, depth).chain(({ layer, to }) => grow([...pieces, layer], to, left - 1));
  return fc.integer({ min: 1, max: most }).chain((n) => grow([], from, n));
}

export interface Sample {
  network: Layer;
  inputShape: number[];
  batchSize: number;
}

/** Networks on [features], now and then on [length, features] with or without a Flatten at the end. */
export const samples: fc.Arbitrary<Sample> = fc
  .record({
    from: width,
    length: fc.option(fc.integer({ min: 1, max: 3 }), { freq: 5 }),
    batchSize: fc.integer({ min: 2, max: 19 }),
    flatten: fc.boolean(),
  })
  .chain(({ from, length, batchSize, flatten }) =>
    chain(from, 2, 5).map(({ layers }) => ({
      network: new Sequential(...layers, ...(flatten ? [new Flatten()] : [])),
      inputShape: length === null ? [from] : [length, from],
      batchSize,
    })),
  );

/** Some networks that are ready-made. */
export const readyMade: Sample[] = [
  { network: tabularResNet({ in: 5, out: 3, d: 12, blocks: 2, dropout2: 0.1 }), inputShape: [5], batchSize: 9 },
  { network: new Sequential(), inputShape: [4], batchSize: 3 },
  { network: new Sequential(new ReLU(), new ReLU()), inputShape: [7], batchSize: 2 },
  { network: new Residual(new Identity()), inputShape: [3], batchSize: 2 },
  {
    network: new Residual(new Residual(new Residual(new ReLU())), { activation: new ReLU() }),
    inputShape: [3],
    batchSize: 2,
  },
];

/** fast-check runs with the same networks everywhere. */
export const RUNS: fc.Parameters<[Sample]> = {
  seed: 20151210,
  numRuns: 60,
  examples: readyMade.map((sample) => [sample]),
};

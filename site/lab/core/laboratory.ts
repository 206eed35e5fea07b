/** The laboratory without its page: carries out commands, one after the other, and tells what comes of them. */
import { activations } from "resnet-wasm";
import { borderOf } from "./border.js";
import { firstOf } from "./datasets.js";
import { figuresAsCsv } from "./figures.js";
import { readRunFile, writeRunFile } from "./file.js";
import { type LandscapePoint, landscapeOf, planeOf } from "./landscape.js";
import { lesionsOf, modelWith } from "./lesions.js";
import { type Look, lookAt, pictureFrom } from "./look.js";
import { scoreOf } from "./loss.js";
import { KINDS, type Kind } from "./nets.js";
import type { Points } from "./points.js";
import type { Commands, Emit, LandscapeOptions, LookOptions, NetDescription, Pace } from "./protocol.js";
import { PACES } from "./protocol.js";
import { weightHistograms } from "./readings.js";
import { both, type OfBoth, Run } from "./run.js";
import type { Settings } from "./settings.js";

/** Squares in a row of the plane whose classes are shown. */
const BORDER_SIDE = 48;
const BINS = 40;
/** Pictures to choose from: two of each class. */
const PICTURES = 20;
/** Milliseconds between what is told of a landscape. */
const TELL = 60;

/** The event loop's turn: commands that have come meanwhile are heard. */
const turn = (ms = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class Laboratory implements Async<Commands> {
  readonly #emit: Emit;
  /** Resolves when the page has drawn what it was last told. */
  readonly #drawn: () => Promise<void>;
  #run: Run | null = null;
  #running = false;
  #look: LookOptions = { picture: 0, layer: "relu" };
  /** Commands that change the run, one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  /** Counts runs and landscapes: what belongs to an earlier one stops. */
  #generation = 0;
  #landscapes = 0;

  constructor(emit: Emit, drawn: () => Promise<void> = () => Promise.resolve()) {
    this.#emit = emit;
    this.#drawn = drawn;
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {}); // told to whoever asked for it
    return result;
  }

  get #current(): Run {
    if (!this.#run) throw new Error("laboratory: no run has been started");
    return this.#run;
  }

  start(settings: Settings, own: Points | null): Promise<void> {
    return this.#begin(() => Run.create(settings, own));
  }

  open(bytes: Uint8Array): Promise<void> {
    return this.#begin(() => Run.resume(readRunFile(bytes)));
  }

  #begin(make: () => Promise<Run>): Promise<void> {
    this.#running = false;
    return this.#alone(async () => {
      const run = await make(); // where this fails, the old one stays
      this.#generation++;
      this.#run?.dispose();
      this.#run = run;
      this.#look = { picture: 0, layer: "relu" };
      const { settings, own, examples } = run;
      const pictures = examples.points ? null : firstOf(examples.test, PICTURES);
      this.#emit("begun", {
        settings,
        own,
        points: examples.points,
        nets: both((kind) => this.#describe(kind)),
        pictures: pictures && { data: pictures.x, labels: pictures.labels },
      });
      await this.#tell();
    });
  }

  #describe(kind: Kind): NetDescription {
    const { model, anatomy } = this.#current.twins[kind];
    const { layers, blocks } = anatomy;
    const outputs = [...new Set([...layers, ...blocks].map(({ output }) => output))];
    const seen = this.#current.examples.points
      ? []
      : activations(model, firstOf(this.#current.examples.test, 1).x, outputs);
    return {
      layers: layers.map(({ name }) => name),
      blocks: blocks.map(({ name, layers: span }) => ({ name, layers: span })),
      maps: [...seen].filter(([, { shape }]) => shape.length === 4).map(([path]) => path),
      parameters: [...model.stateDict()].reduce(
        (sum, [name, { data }]) => sum + (/running|num_/.test(name) ? 0 : data.length),
        0,
      ),
    };
  }

  async #tell(): Promise<void> {
    const run = this.#current;
    const { step, readings } = run;
    const running = this.#running;
    const hash = running ? undefined : await run.hash();
    this.#emit("snapshot", {
      step,
      running,
      readings: thinned(readings),
      failures: both((kind) => run.twins[kind].failure),
      inside: both((kind) => run.read(kind)),
      histograms: both((kind) => weightHistograms(run.twins[kind].model, run.twins[kind].anatomy, BINS)),
      borders: run.examples.points && {
        side: BORDER_SIDE,
        of: both((kind) => borderOf(run.twins[kind].model, BORDER_SIDE)),
      },
      looks: this.#looks(run),
      hash,
    });
  }

  #looks(run: Run): OfBoth<Look> | null {
    if (run.examples.points) return null;
    const { picture, layer } = this.#look;
    const pixels = typeof picture === "number" ? pictureAt(run, picture) : picture;
    return both((kind) => lookAt(run.twins[kind].model, pixels, layer));
  }

  /** Resolves when training has begun, not when it ends. */
  async run(pace: Pace): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    this.#loop(PACES[pace]).catch((error) => {
      this.#running = false;
      this.#emit("trouble", { message: String(error?.message ?? error) });
    });
  }

  async #loop(wait: number): Promise<void> {
    const generation = this.#generation;
    while (this.#running && generation === this.#generation) {
      const began = performance.now();
      await this.#alone(async () => {
        if (!this.#running) return;
        const run = this.#current;
        await run.advance(run.untilReading);
        if (KINDS.every((kind) => run.twins[kind].failure !== null)) this.#running = false;
        await this.#tell();
      });
      await this.#drawn();
      await turn(Math.max(0, began + wait - performance.now()));
    }
  }

  pause(): Promise<void> {
    this.#running = false;
    return this.#alone(() => this.#tell());
  }

  step(count: number): Promise<void> {
    this.#running = false;
    return this.#alone(async () => {
      await this.#current.advance(count);
      await this.#tell();
    });
  }

  rewind(step: number): Promise<void> {
    this.#running = false;
    return this.#alone(async () => {
      await this.#current.rewind(step);
      await this.#tell();
    });
  }

  save(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#alone(async () => writeRunFile(await this.#current.suspend()));
  }

  figures(): Promise<string> {
    return this.#alone(async () => {
      const { twins, readings } = this.#current;
      return figuresAsCsv(
        both((kind) => twins[kind].losses),
        readings,
      );
    });
  }

  look(options: LookOptions): Promise<void> {
    return this.#alone(async () => {
      const before = this.#look;
      this.#look = options;
      await this.#tell().catch((error) => {
        this.#look = before;
        throw error;
      });
    });
  }

  picture(file: Blob): Promise<Float32Array> {
    return pictureFrom(file);
  }

  async lesions(): Promise<void> {
    // Copies of both nets as they are now: training may go on.
    const { run, copies, generation } = await this.#copies();
    const { step, probe } = run;
    try {
      for (const kind of KINDS) {
        const whole = scoreOf(copies[kind].predict(probe.x).data, probe.labels);
        for await (const result of lesionsOf(copies[kind], run.twins[kind].anatomy.lesions, probe)) {
          if (generation !== this.#generation) return;
          this.#emit("lesion", { step, kind, whole, result });
          await turn();
        }
      }
    } finally {
      for (const kind of KINDS) copies[kind].dispose();
    }
  }

  async landscape({ side, seed }: LandscapeOptions): Promise<void> {
    const mine = ++this.#landscapes;
    const { run, copies, generation } = await this.#copies();
    const { step, probe } = run;
    const passes = both((kind) => {
      const state = copies[kind].stateDict();
      return landscapeOf(copies[kind], state, planeOf(state, seed), probe, side);
    });
    try {
      let points = both((): LandscapePoint[] => []);
      let told = performance.now();
      for (let left = side * side; left > 0; left--) {
        for (const kind of KINDS) {
          const next = passes[kind].next();
          if (!next.done) points[kind].push(next.value);
        }
        if (left > 1 && performance.now() < told + TELL) continue;
        if (generation !== this.#generation || mine !== this.#landscapes) return;
        this.#emit("landscape", { step, side, points, done: left === 1 });
        points = both(() => []);
        await turn();
        told = performance.now();
      }
    } finally {
      for (const kind of KINDS) copies[kind].dispose();
    }
  }

  async stopLandscape(): Promise<void> {
    this.#landscapes++;
  }

  #copies() {
    return this.#alone(async () => {
      const run = this.#current;
      const [plain, residual] = await Promise.all(
        KINDS.map((kind) => modelWith(run.twins[kind].anatomy.network, run.twins[kind].model)),
      );
      return { run, copies: { plain, residual }, generation: this.#generation };
    });
  }
}

/** More of them are no finer a curve, and take their time on the way. */
const READINGS = 200;

function thinned<T>(readings: readonly T[]): T[] {
  const every = Math.ceil(readings.length / READINGS);
  return readings.filter((_, i) => i % every === 0 || i === readings.length - 1);
}

function pictureAt(run: Run, index: number): Float32Array {
  const { x, labels } = firstOf(run.examples.test, index + 1);
  return x.subarray((labels.length - 1) * (x.length / labels.length));
}

/** What is asked of a worker is answered later. */
type Async<T> = {
  [K in keyof T]: T[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<R> : never;
};

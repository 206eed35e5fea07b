/** The networks of `trainTable`: one for each fold that is held out, and all of them as one. */
import { DataError, describe, expectation } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { arrayDataset } from "../data/array.js";
import type { Dataset } from "../data/dataset.js";
import { foldOrder } from "../data/split.js";
import type { TableTransform } from "../data/table.js";
import type { StateDict } from "../model/state.js";
import type { Layer } from "../nn/layer.js";
import { Linear } from "../nn/linear.js";
import { crossEntropy, mse } from "../nn/losses.js";
import { AdamW } from "../optim/optimizers.js";
import { earlyStopping } from "../train/callbacks/early-stopping.js";
import { reduceOnPlateau } from "../train/callbacks/reduce-on-plateau.js";
import type { AnyModel, Entry } from "./entry.js";
import { fitInputs, numberInputs, targetNumbers, type Understood, type Unit } from "./table-input.js";
import { averagedNetwork, type Bin, binsOf, binWeights, meanWeights, tableNetwork } from "./table-network.js";
import { bySize, type TableSettings } from "./table-options.js";
import { judge, type TableEvaluation, type TableReport, tableReport } from "./table-report.js";

const where = "trainTable";

/** What `trainTable` gives. */
export interface TrainedTable<M extends AnyModel> {
  /**
   * All networks as one, whose output is their mean: scores of the classes, or numbers in the target's own unit. Its `transform` is
   * `table` as JSON, so that a saved model knows how tables are prepared for it.
   */
  model: M;
  /** Makes inputs of other tables: `model.predict({ data: table.inputs(rows), shape: [rows.length, …table.inputShape] })`. */
  table: TableTransform;
  evaluation: TableEvaluation;
  report: TableReport;
}

/** One training: its numbers, and what is made of them. */
export class TableTraining<M extends AnyModel> {
  readonly #x: Float32Array;
  readonly #y: Int32Array | Float32Array;
  readonly #rows: number;
  readonly #inputs: number;
  readonly #outputs: number;
  readonly #transform: TableTransform;
  readonly #bins: readonly Bin[];
  readonly #unit: Unit;
  readonly #batchSize: number;
  readonly #repeats: number;

  constructor(
    private readonly entry: Entry<M>,
    private readonly understood: Understood,
    private readonly settings: TableSettings,
    /** What was printed so far. */
    private readonly lines: string[],
  ) {
    const { table, targets } = understood;
    const { transform, unit } = fitInputs(table);
    this.#transform = transform;
    this.#unit = unit;
    this.#rows = table.length;
    this.#inputs = transform.inputShape[0];
    this.#x = transform.inputs(table);
    const classes = transform.classNames;
    this.#outputs = classes?.length ?? 1;
    if (targets === "class" && this.#outputs < 2) {
      const name = describe(understood.target.name);
      throw new DataError(expectation(where, `target ${name}`, "at least two classes", describe(classes)));
    }
    if (table.length < 2 * settings.folds) {
      const hint = "Fewer folds need fewer rows: folds";
      throw new DataError(expectation(where, "table", `at least ${2 * settings.folds} rows`, table.length, { hint }));
    }
    this.#y = targetNumbers(transform, understood.target, unit);
    const { bins: most, rowsABin } = settings;
    this.#bins = most === 0 ? [] : binsOf(this.#x, this.#inputs, numberInputs(transform), { most, rowsABin });
    const { repeats, batchSize } = bySize(table.length, settings);
    this.#repeats = repeats;
    this.#batchSize = batchSize;
  }

  private tell(line: string): void {
    this.lines.push(line);
    this.settings.print(line);
  }

  async run(): Promise<TrainedTable<M>> {
    const { settings, understood } = this;
    const { folds } = settings;
    const print = (line: string) => this.tell(line);
    const members = folds * this.#repeats;
    print(this.#plan(members));
    const linear = new HeldOut(this.#rows, this.#outputs);
    const deep = new HeldOut(this.#rows, this.#outputs);
    const states: StateDict[] = [];
    for (let repeat = 0; repeat < this.#repeats; repeat++) {
      const labels = this.#outputs > 1 ? this.#y : undefined;
      const dealt = foldOrder(this.#rows, folds, settings.seed + repeat, labels);
      for (const held of dealt) {
        settings.signal?.throwIfAborted();
        if (repeat === 0) await this.#train(this.#linear(), { held, into: linear, lr: 0.01, seed: settings.seed });
        const seed = settings.seed + states.length;
        const { state, epochs } = await this.#train(tableNetwork(this.#sizes()), {
          held,
          into: deep,
          lr: settings.lr,
          seed,
        });
        states.push(state);
        print(`network ${states.length} of ${members}: ${epochs} epochs`);
      }
    }
    const model = await this.#join(states);
    const facts = { y: this.#y, classNames: this.#transform.classNames, unit: this.#unit };
    const evaluation = judge(deep.outputs(), linear.outputs(), facts);
    const report = await tableReport(evaluation, {
      title: `${settings.fileName ?? "table"}: ${understood.target.name}`,
      columns: understood.columns,
      classNames: this.#transform.classNames,
      lines: this.lines,
    });
    for (const line of report.text.split("\n")) settings.print(line);
    return { model, table: this.#transform, evaluation, report };
  }

  #plan(members: number): string {
    const { width, blocks, folds, dropout, lr, weightDecay, epochs, patience } = this.settings;
    const bins = this.#bins.length > 0 ? ` and ${this.#bins.length} bins` : "";
    return (
      `${members} networks on ${this.#inputs} inputs${bins}: ${blocks} blocks of width ${width}, dropout ${dropout}; ` +
      `${folds} folds dealt ${this.#repeats === 1 ? "once" : `${this.#repeats} times`}; AdamW with lr ${lr}, weight decay ${weightDecay}, ` +
      `batches of ${this.#batchSize}; at most ${epochs} epochs, patience ${patience}`
    );
  }

  #sizes() {
    const { width, blocks, dropout } = this.settings;
    return { inputs: this.#inputs, outputs: this.#outputs, bins: this.#bins.length, width, blocks, dropout };
  }

  #linear(): Layer {
    return new Linear(this.#inputs, this.#outputs);
  }

  #part(rows: ArrayLike<number>): { data: Dataset; x: Float32Array } {
    const inputs = this.#inputs;
    const x = new Float32Array(rows.length * inputs);
    for (let i = 0; i < rows.length; i++) x.set(this.#x.subarray(rows[i] * inputs, (rows[i] + 1) * inputs), i * inputs);
    const y = Array.from(rows, (row) => this.#y[row]);
    const { classNames } = this.#transform;
    const shape = { x, y, inputShape: [inputs] };
    const data = classNames ? arrayDataset({ ...shape, classes: classNames.length }) : arrayDataset(shape);
    return { data, x };
  }

  /** Trains on all rows but those that are held out, and keeps what the network says of these. */
  async #train(
    network: Layer,
    { held, into, lr, seed }: { held: Int32Array; into: HeldOut; lr: number; seed: number },
  ) {
    const { entry, settings } = this;
    const isHeld = new Set(held);
    const rest = Array.from({ length: this.#rows }, (_, row) => row).filter((row) => !isHeld.has(row));
    const train = this.#part(rest);
    const validation = this.#part(held);
    const model = await entry.createModel(network, { inputShape: [this.#inputs], seed });
    try {
      const hasBins = !(network instanceof Linear) && this.#bins.length > 0;
      if (hasBins) {
        await model.loadStateDict(this.#binState(), { strict: false });
        await entry.freeze(model, "encoding");
      }
      const trainer = await entry.createTrainer(model, {
        loss: this.#outputs > 1 ? crossEntropy() : mse(),
        optimizer: new AdamW({ lr, weightDecay: settings.weightDecay }),
        clipGradNorm: 1,
        decayNormsAndBiases: false,
      });
      const { patience, epochs, signal } = settings;
      const batchSize = Math.min(this.#batchSize, train.data.length);
      const history = await trainer.fit(train.data, {
        ...{ epochs, batchSize, dropLast: true, validation: validation.data },
        callbacks: [
          earlyStopping({ patience }),
          reduceOnPlateau({ factor: 0.3, patience: Math.max(0, Math.floor(patience / 2) - 1) }),
        ],
        ...(signal && { signal }),
      });
      signal?.throwIfAborted();
      const y = await model.predict({ data: validation.x, shape: [held.length, this.#inputs] });
      const { data } = y as Tensor;
      into.add(held, data);
      return { state: await model.stateDict(), epochs: history.epochs.length };
    } finally {
      await model.dispose();
    }
  }

  #binState(): StateDict {
    const { weight, bias } = binWeights(this.#bins, this.#inputs);
    return new Map([
      ["encoding.bins.linear.weight", weight],
      ["encoding.bins.linear.bias", bias],
    ]);
  }

  /** All networks as one. */
  async #join(states: readonly StateDict[]): Promise<M> {
    const { classNames } = this.#transform;
    const model = await this.entry.createModel(averagedNetwork(this.#sizes(), states.length), {
      inputShape: [this.#inputs],
      transform: this.#transform.toJSON(),
      ...(classNames && { classNames }),
    });
    const { weight, bias } = meanWeights(states.length, this.#outputs, {
      scale: this.#unit.std,
      shift: this.#unit.mean,
    });
    const members = states.flatMap((state, i) =>
      [...state].flatMap(([name, tensor]) =>
        name.startsWith("member.") ? [[`members.${i}.${name.slice("member.".length)}`, tensor] as const] : [],
      ),
    );
    const bins = this.#bins.length > 0 ? this.#binState() : [];
    await model.loadStateDict(new Map([...bins, ...members, ["mean.weight", weight], ["mean.bias", bias]]));
    return model;
  }
}

/** What networks said of the rows that they had not seen, added up. */
class HeldOut {
  readonly #sum: Float64Array;
  readonly #count: Int32Array;
  constructor(
    rows: number,
    private readonly width: number,
  ) {
    this.#sum = new Float64Array(rows * width);
    this.#count = new Int32Array(rows);
  }

  add(rows: ArrayLike<number>, outputs: ArrayLike<number>): void {
    for (let i = 0; i < rows.length; i++) {
      this.#count[rows[i]]++;
      for (let c = 0; c < this.width; c++) this.#sum[rows[i] * this.width + c] += outputs[i * this.width + c];
    }
  }

  outputs(): Float64Array {
    return this.#sum.map((value, i) => value / this.#count[Math.floor(i / this.width)]);
  }
}

// @ts-check
// The residual network for tables of Gorishniy et al. (2021) on a csv file.
//
//   node examples/tabular-resnet.js                            on a table of flats that it makes up
//   node examples/tabular-resnet.js --target=price file.csv    on yours
//
// --target: a column's name, or its place from 0 (-1: the last). --no-header: the first row holds values.
// --classes: the target's numbers stand for classes.
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { AdamW, createModel, createTrainer, crossEntropy, mse, tabularResNet } from "resnet-wasm";
import { fitTable, readCsv, splitTable } from "resnet-wasm/data";

/** 1,500 invented flats: the price follows from size, age and quarter, with noise; some ages are not known. */
function inventedFlats() {
  let state = 7;
  const uniform = () => (state = (1664525 * state + 1013904223) % 2 ** 32) / 2 ** 32;
  const quarters = { harbour: 1.35, centre: 1.6, hill: 1.15, outskirts: 0.8 };
  const rows = Array.from({ length: 1500 }, () => {
    const [quarter, factor] = Object.entries(quarters)[Math.floor(4 * uniform())];
    const size = 25 + 120 * uniform();
    const age = Math.floor(90 * uniform());
    const price = 3100 * size * factor * (1 - 0.004 * Math.min(age, 60)) * (0.93 + 0.14 * uniform());
    return [size.toFixed(1), uniform() < 0.05 ? "" : age, quarter, Math.round(price)].join(",");
  });
  return ["size,age,quarter,price", ...rows].join("\n");
}

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    target: { type: "string", default: "price" },
    "no-header": { type: "boolean" },
    classes: { type: "boolean" },
  },
});
const [file] = positionals;
const { target } = flags;
const text = file === undefined ? inventedFlats() : await readFile(file, "utf8");
const table = readCsv(text, {
  header: !flags["no-header"],
  target: /^-?\d+$/.test(target) ? Number(target) : target,
  targets: flags.classes ? "class" : undefined,
  fileName: file,
});

// Means, deviations and categories are learnt from the training rows alone.
const [trainRows, testRows] = splitTable(table, 0.8);
const transform = fitTable(trainRows);
const [train, test] = [transform.transform(trainRows), transform.transform(testRows)];
const isClass = train.targets === "class";
console.log(`${train.length} training and ${test.length} test rows, inputs: ${transform.featureNames.join(", ")}`);

const network = tabularResNet({ in: train.inputShape[0], out: isClass ? train.classes : 1, d: 64 });
const model = await createModel(network, { inputShape: [...train.inputShape], seed: 0 });
const optimizer = new AdamW({ lr: 1e-3, weightDecay: 1e-5 });
const trainer = createTrainer(model, { loss: isClass ? crossEntropy() : mse(), optimizer });
await trainer.fit(train, { epochs: 40, batchSize: 64, dropLast: train.length > 64 });

if (isClass) {
  const { accuracy = 0 } = await trainer.evaluate(test);
  console.log(`test accuracy ${(100 * accuracy).toFixed(1)} %`);
} else {
  // Back in the target's own unit.
  const predicted = transform.inverse(model.predict(transform.inputs(testRows)).data);
  const actual = /** @type {Float64Array} */ (testRows.target?.numbers);
  const mean = actual.reduce((sum, value) => sum + value, 0) / actual.length;
  const total = actual.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const rest = actual.reduce((sum, value, i) => sum + (value - predicted[i]) ** 2, 0);
  const rmse = Math.sqrt(rest / actual.length);
  console.log(`test error (root mean square) ${rmse.toPrecision(4)}, R² ${(1 - rest / total).toFixed(3)}`);
}

// @ts-check
/** The report: one HTML file with everything in it, readable without scripts. */
import { escapeText, lineChart } from "./charts.js";
import { RECIPE } from "./experiment.js";
import { headline } from "./findings.js";
import { WIDTH } from "./nets.js";
import { STYLE } from "./style.js";
import { formatAccuracy, formatLoss } from "./table.js";

/** @typedef {import("./table.js").Twins} Twins */
/** @typedef {import("./experiment.js").Result} Result */

/**
 * @typedef {object} Report
 * @property {Twins[]} twins
 * @property {string[]} sentences
 * @property {import("./images.js").Images} images
 * @property {number} epochs
 * @property {number} seed
 * @property {number} seconds
 */

const KINDS = /** @type {const} */ (["plain", "residual"]);

/** @param {Report} report */
export function renderReport(report) {
  const { twins, sentences, images } = report;
  const title = headline(twins);
  const { url, width, height } = images.sheet;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeText(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header>
<p class="eyebrow">The degradation experiment of He et al. 2015 · ${escapeText(images.name)} · resnet-wasm</p>
<h1>${escapeText(title)}</h1>
</header>
<section class="findings" aria-label="What is seen">
${sentences.map((sentence) => `<p>${escapeText(sentence)}</p>`).join("\n")}
</section>
${resultTable(twins)}
<section>
<h2>Training loss</h2>
<p class="note">Means over a few steps each, as the nets learn. Beside each line stands the loss over all training images in the end; the dotted line is the loss of guessing.</p>
${KEY}
<div class="panels">
${lossPanels(report)}
</div>
${quartileTable(twins)}
</section>
<section>
<h2>Gradient of each layer</h2>
<p class="note">The norm of the loss’s gradient by the weights of each layer, on the same images before the first step and behind the last, from the input layer on the left to the output layer on the right. Hollow points stand for exactly 0: the first layer of each residual pair, whose gradient comes through second layers that start at 0 and stay small.</p>
${KEY}
${gradientPanels(twins)}
</section>
<section>
<h2>How it was measured</h2>
${method(report)}
<figure class="sheet"><img src="${url}" width="${width}" height="${height}" alt="Three training images of each of the ${images.train.classes} classes, one column for each class"><figcaption>Three training images of each class</figcaption></figure>
</section>
</main>
</body>
</html>
`;
}

const KEY = `<p class="key"><span class="plain"><svg viewBox="0 0 34 10" aria-hidden="true"><path class="line plain" d="M1 5H33"/></svg>plain</span><span class="residual"><svg viewBox="0 0 34 10" aria-hidden="true"><path class="line residual" d="M1 5H33"/></svg>residual: the same net with skip connections</span></p>`;

/** @param {Twins[]} twins */
function resultTable(twins) {
  const rows = twins.map(({ depth, plain, residual }) => {
    const cells = [plain, residual].map((result) => {
      const best = result === (plain.loss <= residual.loss ? plain : residual);
      const loss = best ? `<b>${formatLoss(result.loss)}</b>` : formatLoss(result.loss);
      return `<td>${loss}</td><td>${formatAccuracy(result.accuracy)}</td>`;
    });
    return `<tr><th scope="row">${depth}</th>${cells.join("")}<td>${plain.parameters.toLocaleString("en")}</td></tr>`;
  });
  return `<div class="scroll"><table>
<caption>Loss over all training images and accuracy on the test images, after training; the lower loss in bold</caption>
<thead><tr><th rowspan="2" scope="col">Hidden layers</th><th colspan="2" scope="colgroup" class="plain">Plain</th><th colspan="2" scope="colgroup" class="residual">Residual</th><th rowspan="2" scope="col">Parameters</th></tr>
<tr><th scope="col">training loss</th><th scope="col">test accuracy</th><th scope="col">training loss</th><th scope="col">test accuracy</th></tr></thead>
<tbody>${rows.join("")}</tbody>
</table></div>`;
}

/** Points of a curve: fewer than steps, so that single batches do not hide its course. */
const POINTS = 60;

/**
 * Means of the losses over stretches of equal length, at the middle of each, in epochs.
 * @param {number[]} losses
 * @param {number} stepsPerEpoch
 */
function curve(losses, stepsPerEpoch) {
  const length = Math.max(1, Math.ceil(losses.length / POINTS));
  const points = [];
  for (let at = 0; at < losses.length; at += length) {
    const part = losses.slice(at, at + length);
    const y = part.reduce((sum, loss) => sum + loss, 0) / part.length;
    points.push({ x: (at + part.length / 2) / stepsPerEpoch, y });
  }
  return points;
}

/** @param {Report} report */
function lossPanels({ twins, images, epochs }) {
  const stepsPerEpoch = Math.ceil(images.train.length / RECIPE.batchSize);
  const guessing = Math.log(images.train.classes);
  const top = 1.25 * guessing;
  const ticks = [0, 0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6].filter((tick) => tick <= top && (tick % 1 === 0 || top < 2));
  const every = Math.max(1, Math.ceil(epochs / 4));
  const marks = Array.from({ length: Math.floor(epochs / every) }, (_, i) => (i + 1) * every);
  const axes = {
    x: { from: 0, to: epochs },
    y: { from: 0, to: top, ticks },
    xTicks: [
      { at: 0, label: "0" },
      ...marks.map((at) => ({ at, label: at < epochs ? `${at}` : at === 1 ? "1 epoch" : `${at} epochs` })),
    ],
    formatY: String,
    right: twins.some(({ plain, residual }) => !Number.isFinite(plain.loss + residual.loss)) ? 62 : 44,
    rule: { y: guessing, label: `guessing ${formatLoss(guessing)}` },
  };
  return twins
    .map((pair) => {
      const series = KINDS.map((kind) => ({
        kind,
        points: curve(pair[kind].losses, stepsPerEpoch),
        label: formatLoss(pair[kind].loss),
      }));
      const description = KINDS.map((kind) => `${kind}: ${describeCurve(pair[kind])}`).join("; ");
      return lineChart(
        { title: `${pair.depth} hidden layers`, description: `Training loss, ${description}.`, series },
        axes,
      );
    })
    .join("\n");
}

/** @param {Result} result */
function describeCurve({ losses, loss, failure }) {
  if (failure !== null) return `training broke off after ${losses.length} steps`;
  return `from ${formatLoss(losses[0])} at the first step to ${formatLoss(loss)} behind the last`;
}

/** @param {Twins[]} twins */
function quartileTable(twins) {
  const places = [0, 0.25, 0.5, 0.75, 1];
  const rows = twins.flatMap((pair) =>
    KINDS.map((kind) => {
      const points = curve(pair[kind].losses, 1);
      const cells = places.map((place) => {
        const point = points[Math.round(place * (points.length - 1))];
        return `<td>${point ? formatLoss(point.y) : "–"}</td>`;
      });
      return `<tr><th scope="row">${pair.depth}, <span class="${kind}">${kind}</span></th>${cells.join("")}</tr>`;
    }),
  );
  const heads = ["start", "¼", "½", "¾", "end"].map((head) => `<th scope="col">${head}</th>`).join("");
  return `<details><summary>The curves as numbers</summary><div class="scroll"><table><caption>Training loss along the way</caption><thead><tr><th scope="col">Hidden layers</th>${heads}</tr></thead><tbody>${rows.join("")}</tbody></table></div></details>`;
}

/** @param {Twins[]} twins */
function gradientPanels(twins) {
  const rows = /** @type {const} */ ([
    ["gradientsBefore", "Before the first step"],
    ["gradientsAfter", "After training"],
  ]);
  const norms = twins.flatMap((pair) => KINDS.flatMap((kind) => rows.flatMap(([key]) => pair[kind][key])));
  const positive = norms.filter((norm) => norm > 0 && Number.isFinite(norm));
  // The same for all panels, so that they compare.
  const low = Math.floor(Math.log10(Math.min(...positive)));
  const top = Math.max(1.3 * Math.max(...positive), 10 ** (low + 2));
  const step = Math.ceil((Math.log10(top) - low) / 6);
  /** @type {number[]} */
  const ticks = [];
  for (let exponent = low; 10 ** exponent <= top; exponent += step) ticks.push(10 ** exponent);
  return rows
    .map(([key, name]) => {
      const charts = twins.map((pair) => {
        const layers = pair.plain[key].length;
        const axes = {
          x: { from: 0, to: layers - 1 },
          y: { from: 10 ** low, to: top, ticks },
          xTicks: [
            { at: 0, label: "input" },
            { at: layers - 1, label: "output" },
          ],
          formatY: formatPower,
          right: 60,
          log: true,
          dots: true,
        };
        const series = KINDS.map((kind) => ({
          kind,
          points: pair[kind][key].map((y, x) => ({ x, y })),
          label: kind,
        }));
        const description = KINDS.map((kind) => `${kind}: ${describeNorms(pair[kind][key])}`).join("; ");
        return lineChart(
          { title: `${pair.depth} hidden layers`, description: `${name}, ${description}.`, series },
          axes,
        );
      });
      return `<p class="row">${name}</p><div class="panels dotted">${charts.join("\n")}</div>`;
    })
    .join("\n");
}

/** @param {number[]} norms */
function describeNorms(norms) {
  const [first, last] = [norms[0], norms[norms.length - 1]].map((norm) => norm.toPrecision(2));
  const sorted = norms.toSorted((a, b) => a - b).map((norm) => norm.toPrecision(2));
  return `gradient norm ${first} at the input layer, ${last} at the output layer, ${sorted[0]} to ${sorted[sorted.length - 1]} over all ${norms.length} layers`;
}

/** @param {number} value a power of ten */
function formatPower(value) {
  const exponent = Math.round(Math.log10(value));
  return exponent >= -3 && exponent <= 3 ? String(Number(value.toPrecision(1))) : `1e${exponent}`;
}

/** @param {Report} report */
function method({ twins, images, epochs, seed, seconds }) {
  const { lr, momentum, batchSize } = RECIPE;
  const { train, test, name } = images;
  const pixels = train.inputShape.reduce((a, b) => a * b, 1);
  const paths = [...new Set(twins.flatMap(({ plain, residual }) => [plain.info, residual.info]))];
  /** @type {[string, string][]} */
  const rows = [
    [
      "Images",
      `${name}: ${train.length.toLocaleString("en")} for training, ${test.length.toLocaleString("en")} for the test, ${train.classes} classes, brought to mean 0 and deviation 1`,
    ],
    [
      "Plain net",
      `input layer ${pixels} → ${WIDTH}, then the hidden layers ${WIDTH} → ${WIDTH}, then output layer ${WIDTH} → ${train.classes}; ReLU behind all but the last; He initialisation, biases 0`,
    ],
    [
      "Residual net",
      "the plain net with a skip connection over each pair of hidden layers, inside the second ReLU; the second layer of each pair starts at 0, all other weights start as in the plain net",
    ],
    [
      "Training",
      `${epochs} ${epochs === 1 ? "epoch" : "epochs"}, batches of ${batchSize}, SGD with learning rate ${lr} and momentum ${momentum}, seed ${seed}`,
    ],
    ["Computed by", `resnet-wasm, ${paths.join("; ")}; ${seconds.toFixed(0)} s for everything`],
  ];
  return `<dl>${rows.map(([term, text]) => `<dt>${term}</dt><dd>${escapeText(text)}</dd>`).join("")}</dl>`;
}

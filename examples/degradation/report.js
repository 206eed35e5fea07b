// @ts-check
/** The report: one HTML file with everything in it, readable without scripts. */
import { escapeText } from "./charts.js";
import { findings, headline } from "./findings.js";
import { capital, gradientPanels, lossPanels, quartileTable } from "./panels.js";
import { STYLE } from "./style.js";
import { formatAccuracy, formatLoss } from "./table.js";

/** @typedef {import("./study.js").Study} Study */

/**
 * @param {[Study, ...Study[]]} studies the first one has the headline
 * @param {number} seconds for everything
 */
export function renderReport(studies, seconds) {
  const [main, ...others] = studies;
  const title = headline(main);
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
<p class="eyebrow">The degradation experiment of He et al. 2015 · ${escapeText(main.images.name)} · resnet-wasm</p>
<h1>${escapeText(title)}</h1>
</header>
${sections(main, 2, seconds)}
${others.map((study) => `<article><h2>The same with convolutions: ${escapeText(headline(study))}</h2>\n${sections(study, 3, study.seconds)}</article>`).join("\n")}
</main>
</body>
</html>
`;
}

/**
 * What a study found, its table and charts, and how it was made.
 * @param {Study} study
 * @param {2 | 3} level of the headings
 * @param {number} seconds
 */
function sections(study, level, seconds) {
  const { url, width, height } = study.images.sheet;
  const heading = (/** @type {string} */ text) => `<h${level}>${text}</h${level}>`;
  return `<section class="findings" aria-label="What is seen">
${findings(study)
  .map((sentence) => `<p>${escapeText(sentence)}</p>`)
  .join("\n")}
</section>
${resultTable(study)}
<section>
${heading("Training loss")}
<p class="note">Means over a few steps each, as the nets learn. Beside each line stands the loss over all training images in the end; the dotted line is the loss of guessing.</p>
${KEY}
<div class="panels">
${lossPanels(study)}
</div>
${quartileTable(study)}
</section>
<section>
${heading("Gradient of each layer")}
<p class="note">The norm of the loss’s gradient by the weights of each layer, on the same images before the first step and after the last, from the input layer on the left to the output layer on the right.${HOLLOW[study.kind.name]}</p>
${KEY}
${gradientPanels(study)}
</section>
<section>
${heading("How it was measured")}
${method(study, seconds)}
<figure class="sheet"><img src="${url}" width="${width}" height="${height}" alt="Three training images of each of the ${study.images.train.classes} classes, one column for each class"><figcaption>Three training images of each class</figcaption></figure>
</section>`;
}

const HOLLOW = {
  dense:
    " Hollow points stand for exactly 0: the first layer of each residual pair, whose gradient comes through second layers that start at 0 and stay small.",
  convolutional:
    " Hollow points stand for exactly 0: the layers of the residual blocks, whose gradients come through normalisations that start with scale 0.",
};

const KEY = `<p class="key"><span class="plain"><svg viewBox="0 0 34 10" aria-hidden="true"><path class="line plain" d="M1 5H33"/></svg>plain</span><span class="residual"><svg viewBox="0 0 34 10" aria-hidden="true"><path class="line residual" d="M1 5H33"/></svg>residual: the same net with skip connections</span></p>`;

/** @param {Study} study */
function resultTable({ kind: { unit }, twins }) {
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
<thead><tr><th rowspan="2" scope="col">${capital(unit)}</th><th colspan="2" scope="colgroup" class="plain">Plain</th><th colspan="2" scope="colgroup" class="residual">Residual</th><th rowspan="2" scope="col">Para&shy;meters</th></tr>
<tr><th scope="col">training loss</th><th scope="col">test accuracy</th><th scope="col">training loss</th><th scope="col">test accuracy</th></tr></thead>
<tbody>${rows.join("")}</tbody>
</table></div>`;
}

/**
 * @param {Study} study
 * @param {number} seconds
 */
function method({ kind, twins, images, epochs, seed }, seconds) {
  const { lr, momentum, weightDecay, cosine, batchSize } = kind.recipe;
  const { train, test, name } = images;
  const paths = [...new Set(twins.flatMap(({ plain, residual }) => [plain.info, residual.info]))];
  const nets = kind.describe(images);
  const decay = weightDecay > 0 ? `, weight decay ${weightDecay}` : "";
  /** @type {[string, string][]} */
  const rows = [
    [
      "Images",
      `${name}: ${train.length.toLocaleString("en")} for training, ${test.length.toLocaleString("en")} for the test, ${train.classes} classes, brought to mean 0 and deviation 1`,
    ],
    ["Plain net", nets.plain],
    ["Residual net", nets.residual],
    [
      "Training",
      `${epochs} ${epochs === 1 ? "epoch" : "epochs"}, batches of ${batchSize}, SGD with learning rate ${lr}${cosine ? " (by half a cosine to 0)" : ""}, momentum ${momentum}${decay}, seed ${seed}`,
    ],
    ["Computed by", `resnet-wasm, ${paths.join("; ")}; ${seconds.toFixed(0)} s for everything`],
  ];
  return `<dl>${rows.map(([term, text]) => `<dt>${term}</dt><dd>${escapeText(text)}</dd>`).join("")}</dl>`;
}

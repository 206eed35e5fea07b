// @ts-check
// The page: what happens when something is clicked, pressed, drawn or learned.
import { Chart } from "./chart.js";
import { Classes, thumbnail } from "./classes.js";
import { element, make } from "./dom.js";
import { classify, createTwins, openModel, shapes, TWINS, trainTwins } from "./networks.js";
import { Source } from "./source.js";
import { download, keep, recall } from "./store.js";

/** How often the picture is looked at anew while something changes (ms). */
const LOOK_INTERVAL = 250;

const button = (/** @type {string} */ id) => /** @type {HTMLButtonElement} */ (element(id));
const select = (/** @type {string} */ id) => /** @type {HTMLSelectElement} */ (element(id));
const input = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (element(id));
const say = (/** @type {string} */ text) => {
  element("status").textContent = text;
};

/** @type {Partial<Record<"plain" | "residual", import("resnet-wasm/worker").WorkerModel>>} */
let models = {};
/** Names of the classes that the models know. */
let known = /** @type {string[]} */ ([]);
let depth = 0;
/** @type {AbortController | null} */
let training = null;
let pictureChanged = true;

const chart = new Chart(() => {
  for (const twin of TWINS) setCell(twin, "loss", chart.last(twin)?.toFixed(2) ?? "–");
});
const source = new Source(() => {
  pictureChanged = true;
}, say);
const classes = new Classes(() => (source.isEmpty ? null : source.read()), updateButtons, say);

function updateButtons() {
  const enough = classes.list.filter(({ pictures }) => pictures.length > 0).length >= 2;
  const complete = Boolean(enough && classes.list.every(({ pictures }) => pictures.length > 0));
  const hasModels = Boolean(models.residual);
  button("train").textContent = training ? "Stop" : "Train both networks";
  button("train").disabled = !training && !complete;
  button("train").title = complete ? "" : "Every kind needs at least one picture";
  for (const id of ["save", "download"]) button(id).disabled = !hasModels || Boolean(training);
  button("save").disabled ||= !models.plain;
  button("restore").disabled = Boolean(training);
  for (const id of ["depth", "steps"]) select(id).disabled = Boolean(training);
  button("sample").disabled = Boolean(training);
}

/** @param {typeof models} next */
async function replaceModels(next) {
  const old = Object.values(models);
  models = next;
  pictureChanged = true;
  await Promise.all(old.map((model) => model.dispose()));
}

/**
 * @param {string} twin
 * @param {string} name
 * @param {string} text
 */
function setCell(twin, name, text) {
  const cell = document.querySelector(`tr.${twin} [data-cell=${name}]`);
  if (cell) cell.textContent = text;
}

async function train() {
  if (training) return training.abort();
  training = new AbortController();
  const { signal } = training;
  updateButtons();
  say("Getting ready …");
  const list = classes.list.map(({ name, pictures }) => ({ name, pictures: pictures.slice() }));
  const steps = Number(select("steps").value);
  depth = Number(select("depth").value);
  try {
    await replaceModels({});
    known = list.map(({ name }) => name);
    models = await createTwins(depth, known);
    const twins = /** @type {Required<typeof models>} */ (models);
    chart.start(steps, list.length);
    for (const twin of TWINS) for (const cell of ["loss", "accuracy", "ms"]) setCell(twin, cell, "–");
    say("Both networks are learning …");
    const result = await trainTwins(twins, list, {
      steps,
      signal,
      onStep: (twin, { loss }) => chart.add(twin, loss),
    });
    element("held-title").textContent = result.heldBack
      ? `Right answers on ${result.heldBack} new pictures`
      : "Right answers";
    for (const twin of TWINS) {
      const { accuracy, ms } = result.twins[twin];
      setCell(twin, "accuracy", percent(accuracy));
      setCell(twin, "ms", `${ms.toFixed(0)} ms`);
    }
    const [plain, residual] = TWINS.map((twin) => percent(result.twins[twin].accuracy));
    const verb = signal.aborted ? "Stopped" : "Done";
    say(`${verb}. Right answers: ${residual} with skip connections, ${plain} without. Now draw or show something new.`);
  } catch (error) {
    say(`That did not work: ${/** @type {Error} */ (error).message}`);
    console.error(error);
  } finally {
    training = null;
    pictureChanged = true;
    updateButtons();
  }
}

const percent = (/** @type {number} */ share) => `${Math.round(100 * share)} %`;

let looking = false;
/** Looks at the current picture, if it may say something new. */
async function look() {
  if (looking || !models.residual || (!pictureChanged && !training && source.kind !== "camera")) return;
  looking = true;
  pictureChanged = false;
  try {
    const picture = source.isEmpty ? null : source.read();
    if (!picture) {
      element("answer").textContent = "Draw or show something.";
      element("bars").replaceChildren();
      barsShape = "";
      return;
    }
    const entries = Object.entries(models);
    const seen = await Promise.all(entries.map(([, model]) => classify(model, picture)));
    showVerdict(Object.fromEntries(entries.map(([twin], i) => [twin, seen[i]])));
  } catch (error) {
    // Models are replaced while one is being asked; the new ones are asked next time.
    if (models.residual) console.warn(error);
  } finally {
    looking = false;
  }
}

/** @param {Record<string, number[]>} seen */
function showVerdict(seen) {
  const best = (/** @type {number[]} */ shares) => known[shares.indexOf(Math.max(...shares))];
  const words = [`With skip connections: ${best(seen.residual)}.`];
  if (seen.plain) words.push(`Plain: ${best(seen.plain)}.`);
  const text = words.join(" ");
  if (element("answer").textContent !== text) element("answer").textContent = text;
  const twins = ["residual", "plain"].filter((twin) => seen[twin]);
  // The same bars move; only other classes or networks make new ones.
  const shape = JSON.stringify([known, twins]);
  if (shape !== barsShape) element("bars").replaceChildren(...known.map((name) => barsOf(name, twins)));
  barsShape = shape;
  const bars = element("bars").querySelectorAll(".bar");
  known.forEach((_, i) => {
    twins.forEach((twin, j) => {
      const [progress, text] = bars[i * twins.length + j].children;
      /** @type {HTMLProgressElement} */ (progress).value = seen[twin][i];
      text.textContent = percent(seen[twin][i]);
    });
  });
}

let barsShape = "";

/**
 * @param {string} name
 * @param {string[]} twins
 */
function barsOf(name, twins) {
  const bar = (/** @type {string} */ twin) => {
    const progress = make("progress", { max: 1, "aria-label": `${name}, ${twin}` });
    return make("div", { className: `bar ${twin}` }, progress, make("span"));
  };
  return make("li", {}, make("div", { className: "name" }, name), ...twins.map(bar));
}

/** Seeds of the shapes to be shown lie apart from those of the examples. */
let shown = 1000;
async function showShape() {
  const list = await shapes(1, shown++);
  source.show(thumbnail(list[shown % list.length].pictures[0]));
}

button("sample").addEventListener("click", async () => {
  button("sample").disabled = true;
  say("Drawing shapes …");
  classes.reset(await shapes(40, 1));
  button("show").hidden = false;
  await showShape();
  await train();
});
button("show").addEventListener("click", () => void showShape());
button("train").addEventListener("click", () => void train());

button("save").addEventListener("click", async () => {
  if (!models.plain || !models.residual) return;
  const [plain, residual] = await Promise.all([models.plain.save(), models.residual.save()]);
  const list = known.map((name, i) => ({ name, pictures: classes.list[i]?.pictures ?? [] }));
  await keep({ classes: list, depth, plain, residual });
  say("Saved in this browser. It is still here when you come back.");
});

button("restore").addEventListener("click", async () => {
  const saved = await recall();
  if (!saved) return say("Nothing has been saved in this browser yet.");
  const [plain, residual] = await Promise.all([openModel(saved.plain), openModel(saved.residual)]);
  await replaceModels({ plain, residual });
  known = saved.classes.map(({ name }) => name);
  classes.reset(saved.classes);
  depth = saved.depth;
  select("depth").value = String(depth);
  say("Loaded. Draw or show something.");
  updateButtons();
});

button("download").addEventListener("click", async () => {
  const bytes = await models.residual?.save();
  if (bytes) download(bytes, "two-networks.safetensors");
});

input("open").addEventListener("change", async () => {
  const file = input("open").files?.[0];
  if (!file) return;
  try {
    const residual = await openModel(new Uint8Array(await file.arrayBuffer()));
    const names = /** @type {{ classes?: string[] } | undefined } */ (residual.transform)?.classes;
    await replaceModels({ residual });
    known = residual.outputShape.length === 1 && names?.length === residual.outputShape[0] ? names : [];
    if (known.length === 0) throw new Error("the file was not made by this page");
    say(`Opened ${file.name}. It knows ${known.join(", ")}.`);
  } catch (error) {
    await replaceModels({});
    say(`${file.name} cannot be opened: ${/** @type {Error} */ (error).message}`);
  }
  input("open").value = "";
  updateButtons();
});

addEventListener("keydown", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  const types = target.matches("input[type=text], select, textarea");
  if (types || event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key.toLowerCase();
  if (/^[1-6]$/.test(key)) classes.add(Number(key) - 1);
  else if (key === "t" && !button("train").disabled) void train();
  else if (key === "w") source.wipe();
  else if (key === "b") source.focus();
  else return;
  event.preventDefault();
});

classes.reset([
  { name: "First kind", pictures: [] },
  { name: "Second kind", pictures: [] },
]);
chart.start(Number(select("steps").value), classes.list.length);
setInterval(() => void look(), LOOK_INTERVAL);

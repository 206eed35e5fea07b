/** Vite of four versions, plain and with frameworks, in development and built. */
import { ASKED, guide } from "../guides.js";
import { hosting, noBrowser, visit } from "../page.js";
import type { Platform } from "../platform.js";
import { serving } from "../process.js";
import { page, START } from "../texts.js";

/** The plugin's version that goes with Vite's. */
const PLUGINS: Record<number, readonly string[]> = {
  5: ["@vitejs/plugin-react@4", "@vitejs/plugin-vue@5", "@sveltejs/vite-plugin-svelte@4"],
  6: ["@vitejs/plugin-react@4", "@vitejs/plugin-vue@5", "@sveltejs/vite-plugin-svelte@5"],
  7: ["@vitejs/plugin-react@5", "@vitejs/plugin-vue@6", "@sveltejs/vite-plugin-svelte@6"],
  8: ["@vitejs/plugin-react@6", "@vitejs/plugin-vue@6", "@sveltejs/vite-plugin-svelte@7"],
};

const config = (name: string, plugin = "", plugins = "") => `${plugin}
export default { root: "${name}", base: "./", cacheDir: "node_modules/.vite-${name}", plugins: [${plugins}] };
`;

const FILES = {
  "plain/index.html": page("./main.js"),
  "plain/main.js": START("../program/outcome.js"),
  "plain.config.js": config("plain"),

  "react/index.html": page("./main.jsx"),
  "react/main.jsx": `import { createRoot } from "react-dom/client";
import { useEffect } from "react";
import { samples } from "../program/main.js";
import { withGuide } from "../program/outcome.js";
import { useTraining } from "./useTraining.js";

const dataset = samples();
const found = Promise.withResolvers();

function App() {
  const { losses, error } = useTraining(dataset, ${JSON.stringify(ASKED)});
  useEffect(() => {
    if (error) found.reject(error);
    if (losses.length === ${ASKED.epochs}) found.resolve(losses);
  }, [losses, error]);
  useEffect(() => {
    globalThis.outcome ??= withGuide(found.promise);
  }, []);
  return <p>{losses.join(" ")}</p>;
}

createRoot(document.body).render(<App />);
`,
  "react/useTraining.js": guide("react/useTraining.js"),
  "react.config.js": config("react", `import react from "@vitejs/plugin-react";`, "react()"),

  "vue/index.html": page("./main.js"),
  "vue/main.js": `import { createApp } from "vue";
import App from "./App.vue";

createApp(App).mount(document.body);
`,
  "vue/App.vue": `<script setup>
import { reactive, watchEffect } from "vue";
import { createModel, createTrainer, SGD } from "resnet-wasm";
import { input, modelOptions, network, samples, trainerOptions } from "../program/main.js";
import { withGuide } from "../program/outcome.js";
import { useTraining } from "./useTraining.js";

/** What lies in reactive state is what was put there. */
async function inState() {
  const state = reactive({ network: network(), options: trainerOptions(), optimizer: new SGD({ lr: 0.05 }), dataset: samples() });
  state.model = await createModel(state.network, { ...modelOptions });
  state.trainer = createTrainer(state.model, { ...state.options, optimizer: state.optimizer });
  await state.trainer.fit(state.dataset, { epochs: 1, batchSize: 64 });
  if (!Number.isFinite(state.model.predict(input()).data[0])) throw new Error("no prediction");
  await state.model.save();
}

const { losses, error } = useTraining(samples(), ${JSON.stringify(ASKED)});
const found = Promise.withResolvers();
watchEffect(() => {
  if (error.value) found.reject(error.value);
  if (losses.value.length === ${ASKED.epochs}) found.resolve([...losses.value]);
});
globalThis.outcome = inState().then(() => withGuide(found.promise));
</script>
<template><p>{{ losses }}</p></template>
`,
  "vue/useTraining.js": guide("vue/useTraining.js"),
  "vue.config.js": config("vue", `import vue from "@vitejs/plugin-vue";`, "vue()"),

  "svelte/index.html": page("./main.js"),
  "svelte/main.js": `import { mount } from "svelte";
import App from "./App.svelte";

mount(App, { target: document.body });
`,
  "svelte/App.svelte": `<script>
import { samples } from "../program/main.js";
import { withGuide } from "../program/outcome.js";
import { training } from "./training.js";

const progress = training(samples(), ${JSON.stringify(ASKED)});
const found = Promise.withResolvers();
$: {
  if ($progress.error) found.reject($progress.error);
  if ($progress.losses.length === ${ASKED.epochs}) found.resolve($progress.losses);
}
globalThis.outcome = withGuide(found.promise);
</script>
<p>{$progress.losses}</p>
`,
  "svelte/training.js": guide("svelte/training.js"),
  "svelte.config.js": config("svelte", `import { svelte } from "@sveltejs/vite-plugin-svelte";`, "svelte()"),
};

const APPS = ["plain", "react", "vue", "svelte"];

const vite = (major: number): Platform => ({
  name: `vite${major}`,
  ci: major === 8,
  title: "Vite",
  packages: [`vite@${major}`, ...PLUGINS[major], "react@19", "react-dom@19", "vue@3", "svelte@5"],
  files: FILES,
  missing: noBrowser,
  modes: Object.fromEntries(
    APPS.flatMap(
      (app) =>
        [
          [
            `${app}, development`,
            ({ folder, path }) =>
              serving(
                (port) => [
                  path("node_modules/.bin/vite"),
                  "--config",
                  `${app}.config.js`,
                  "--port",
                  `${port}`,
                  "--strictPort",
                ],
                { cwd: folder },
                visit,
              ),
          ],
          [
            `${app}, built`,
            async ({ bin, path }) => {
              await bin("vite", ["build", "--config", `${app}.config.js`, "--logLevel", "warn"]);
              return hosting(path(app, "dist"), visit);
            },
          ],
        ] satisfies [string, Platform["modes"][string]][],
    ),
  ),
});

export const vites = [5, 6, 7, 8].map(vite);

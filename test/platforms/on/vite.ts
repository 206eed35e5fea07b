/** Vite of four versions, plain and with frameworks, in development and built. */
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
import { outcome } from "../program/outcome.js";

function App() {
  useEffect(() => {
    globalThis.outcome ??= outcome();
  }, []);
  return <p>training</p>;
}

createRoot(document.body).render(<App />);
`,
  "react.config.js": config("react", `import react from "@vitejs/plugin-react";`, "react()"),

  "vue/index.html": page("./main.js"),
  "vue/main.js": `import { createApp } from "vue";
import App from "./App.vue";

createApp(App).mount(document.body);
`,
  "vue/App.vue": `<script setup>
import { onMounted } from "vue";
import { outcome } from "../program/outcome.js";

onMounted(() => {
  globalThis.outcome = outcome();
});
</script>
<template><p>training</p></template>
`,
  "vue.config.js": config("vue", `import vue from "@vitejs/plugin-vue";`, "vue()"),

  "svelte/index.html": page("./main.js"),
  "svelte/main.js": `import { mount } from "svelte";
import App from "./App.svelte";

mount(App, { target: document.body });
`,
  "svelte/App.svelte": `<script>
import { onMount } from "svelte";
import { outcome } from "../program/outcome.js";

onMount(() => {
  globalThis.outcome = outcome();
});
</script>
<p>training</p>
`,
  "svelte.config.js": config("svelte", `import { svelte } from "@sveltejs/vite-plugin-svelte";`, "svelte()"),
};

const APPS = ["plain", "react", "vue", "svelte"];

const vite = (major: number): Platform => ({
  name: `vite${major}`,
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

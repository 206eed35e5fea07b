/** Frameworks that render on a server and in pages: Next, Astro, Nuxt, SvelteKit. */
import { ASKED, guide } from "../guides.js";
import { hosting, noBrowser, visit } from "../page.js";
import type { Outcome, Platform } from "../platform.js";
import { serving } from "../process.js";
import type { Project } from "../project.js";

/** What they ask for at least. */
const NODE = "node@22";

const answerOf = async (address: string): Promise<Outcome> => {
  const response = await fetch(address);
  const text = await response.text();
  if (!response.ok) throw new Error(`${address} answered ${response.status}: ${text.slice(0, 2000)}`);
  return JSON.parse(text);
};

/** Of the program's route, and of the recipe's. */
const withRoute = async (address: string): Promise<Outcome> => {
  const response = await fetch(`${address}/api/train`, { method: "POST", body: JSON.stringify(ASKED) });
  if (!response.ok)
    throw new Error(`the recipe answered ${response.status}: ${(await response.text()).slice(0, 2000)}`);
  return { ...(await answerOf(`${address}/api/node`)), guide: (await response.json()) as number[] };
};

const NEXT_SHARED = {
  "app/layout.jsx": `export default function Layout({ children }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
`,
  "next.config.mjs": "export default {};\n",
};
const EMPTY_PAGE = "export default () => <p>routes</p>;\n";
const NEXT_FILES = {
  page: {
    "app/page.jsx": `"use client";
import { useEffect } from "react";
import { outcome } from "../program/outcome.js";

export default function Page() {
  useEffect(() => {
    globalThis.outcome ??= outcome();
  }, []);
  return <p>training</p>;
}
`,
  },
  node: {
    "app/page.jsx": EMPTY_PAGE,
    "app/api/train/route.js": guide("next/app/api/train/route.js"),
    "app/api/node/route.js": `import { serverOutcome } from "../../../program/server.js";

export const dynamic = "force-dynamic";
export const GET = async () => Response.json(await serverOutcome());
`,
  },
  edge: {
    "app/page.jsx": EMPTY_PAGE,
    "app/api/edge/route.js": `import { mainOutcome } from "../../../program/outcome.js";

export const runtime = "edge";
export const GET = async () => Response.json(await mainOutcome());
`,
  },
};

/** One server for each mode, asked for a page and two routes. */
const next = (kind: "page" | "node" | "edge") => ({
  name: kind === "page" ? "next" : `next-${kind}`,
  title: { page: "Next, client component", node: "Next, route in Node", edge: "Next, route at the edge" }[kind],
});
const asking = (kind: "page" | "node" | "edge", bundler: "turbopack" | "webpack", mode: "dev" | "start") => {
  const use = (address: string) =>
    kind === "page" ? visit(address) : kind === "node" ? withRoute(address) : answerOf(`${address}/api/edge`);
  const NODE_ENV = mode === "dev" ? "development" : "production";
  return async ({ folder, path, bin }: Project): Promise<Outcome> => {
    if (mode === "start") await bin("next", ["build", `--${bundler}`], { env: { NODE_ENV }, seconds: 400 });
    const flags = mode === "dev" ? [`--${bundler}`] : [];
    return serving(
      (port) => [path("node_modules/.bin/next"), mode, ...flags, "--port", `${port}`],
      { cwd: folder, env: { NODE_ENV } },
      use,
    );
  };
};

export const nexts: Platform[] = (["page", "node", "edge"] as const).map((kind) => ({
  ...next(kind),
  packages: ["next@16", "react@19", "react-dom@19"],
  files: { ...NEXT_SHARED, ...NEXT_FILES[kind] },
  missing: noBrowser,
  ...(kind === "edge" && { mainAlone: "not at the edge" }),
  modes: {
    "Turbopack, development": asking(kind, "turbopack", "dev"),
    "Turbopack, built": asking(kind, "turbopack", "start"),
    // Next 16.4 itself fails on any edge route by webpack: "ENOENT … route_client-reference-manifest.js".
    ...(kind !== "edge" && {
      "webpack, development": asking(kind, "webpack", "dev"),
      "webpack, built": asking(kind, "webpack", "start"),
    }),
  },
}));

const astro: Platform = {
  name: "astro",
  title: "Astro",
  packages: ["astro@7", NODE],
  missing: noBrowser,
  files: {
    "src/pages/index.astro": `<html lang="en">
  <body>
    <p>training</p>
    <script>
      import { outcome } from "../../program/outcome.js";
      globalThis.outcome = outcome();
    </script>
  </body>
</html>
`,
  },
  modes: {
    development: ({ folder, path }) =>
      serving((port) => [path("node_modules/.bin/astro"), "dev", "--port", `${port}`], { cwd: folder }, visit),
    built: async ({ bin, path }) => {
      await bin("astro", ["build"]);
      return hosting(path("dist"), visit);
    },
  },
};

const nuxt: Platform = {
  name: "nuxt",
  title: "Nuxt",
  packages: ["nuxt@4", NODE],
  missing: noBrowser,
  files: {
    "app/app.vue": `<script setup>
import { outcome } from "../program/outcome.js";

onMounted(() => {
  globalThis.outcome ??= outcome();
});
</script>
<template><p>training</p></template>
`,
    "server/api/node.js": `import { serverOutcome } from "~~/program/server.js";

export default defineEventHandler(() => serverOutcome());
`,
    "nuxt.config.js": 'export default defineNuxtConfig({ compatibilityDate: "2026-11-01" });\n',
  },
  modes: {
    "page, development": ({ folder, path }) =>
      serving(
        (port) => [path("node_modules/.bin/nuxt"), "dev", "--port", `${port}`],
        { cwd: folder, seconds: 240 },
        visit,
      ),
    "page, built": async (project) => {
      await project.bin("nuxt", ["build"], { seconds: 500 });
      const { folder } = project;
      return serving(() => ["node", ".output/server/index.mjs"], { cwd: folder }, visit);
    },
    "server, built": async ({ folder }) =>
      serving(
        () => ["node", ".output/server/index.mjs"],
        { cwd: folder },
        (address) => answerOf(`${address}/api/node`),
      ),
  },
};

const svelteKit: Platform = {
  name: "sveltekit",
  title: "SvelteKit",
  packages: ["@sveltejs/kit@3", "@sveltejs/adapter-node", "@sveltejs/vite-plugin-svelte@7", "vite@8", "svelte@5", NODE],
  missing: noBrowser,
  files: {
    "vite.config.js": `import adapter from "@sveltejs/adapter-node";
import { sveltekit } from "@sveltejs/kit/vite";
export default { plugins: [sveltekit({ adapter: adapter() })] };
`,
    "src/app.html": `<!doctype html><html lang="en"><head>%sveltekit.head%</head><body>%sveltekit.body%</body></html>\n`,
    "src/routes/+page.svelte": `<script>
import { onMount } from "svelte";
import { outcome } from "../../program/outcome.js";

onMount(() => {
  globalThis.outcome ??= outcome();
});
</script>
<p>training</p>
`,
    "src/routes/api/node/+server.js": `import { serverOutcome } from "../../../../program/server.js";

export const GET = async () => Response.json(await serverOutcome());
`,
  },
  modes: {
    "page, development": ({ folder, path }) =>
      serving((port) => [path("node_modules/.bin/vite"), "dev", "--port", `${port}`], { cwd: folder }, visit),
    "server, development": ({ folder, path }) =>
      serving(
        (port) => [path("node_modules/.bin/vite"), "dev", "--port", `${port}`],
        { cwd: folder },
        (address) => answerOf(`${address}/api/node`),
      ),
    "page, built": async ({ bin, folder }) => {
      await bin("vite", ["build"]);
      return serving(() => ["node", "build/index.js"], { cwd: folder }, visit);
    },
    "server, built": ({ folder }) =>
      serving(
        () => ["node", "build/index.js"],
        { cwd: folder },
        (address) => answerOf(`${address}/api/node`),
      ),
  },
};

export const metas = [...nexts, astro, nuxt, svelteKit];

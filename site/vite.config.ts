// The site: every page in this folder, made into files that any static server can serve from a folder of any name.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig, type HtmlTagDescriptor, type Plugin } from "vite";
import { thirdPartyLicences } from "../scripts/licences.js";

const here = fileURLToPath(new URL(".", import.meta.url));

/** What the pages are promised to work under; also sent by the site's own server. Style sheets and scripts are files. */
export const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'";

/** The head that all pages share. A page itself says its title, its description and its program. */
function head(development: boolean): Plugin {
  return {
    name: "site:head",
    transformIndexHtml: {
      // After Vite has bundled what the page names: early.js is no module and stays as it is.
      order: "post",
      handler: (_, { path }) => {
        const up = "../".repeat(path.split("/").length - 2) || "./";
        const tags: HtmlTagDescriptor[] = [
          { tag: "meta", attrs: { charset: "utf-8" } },
          { tag: "meta", attrs: { name: "viewport", content: "width=device-width, initial-scale=1" } },
          { tag: "meta", attrs: { name: "color-scheme", content: "light dark" } },
          { tag: "link", attrs: { rel: "icon", type: "image/svg+xml", href: `${up}icon.svg` } },
          // Language and theme that the visitor chose, before anything is painted.
          { tag: "script", attrs: { src: `${up}early.js` } },
        ];
        // The development server itself writes styles and scripts into the page.
        if (!development) tags.splice(1, 0, policy);
        return tags.map((tag) => ({ ...tag, injectTo: "head-prepend" as const }));
      },
    },
  };
}
const policy: HtmlTagDescriptor = { tag: "meta", attrs: { "http-equiv": "Content-Security-Policy", content: POLICY } };

/** `licences.txt`: ours, and those of all that the built site holds. Fonts are the device's own, pictures drawn by the pages. */
function licences(): Plugin {
  const modules = new Set<string>();
  const text = (path: string) => readFileSync(join(here, "..", path), "utf8");
  return {
    name: "site:licences",
    apply: "build",
    moduleParsed: ({ id }) => void modules.add(id),
    generateBundle() {
      const source = [text("LICENSE"), thirdPartyLicences(modules), text("dist/THIRD-PARTY-LICENSES")].join("\n\n");
      this.emitFile({ type: "asset", fileName: "licences.txt", source });
    },
  };
}

const pages = readdirSync(here, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".html"));

export default defineConfig(({ command }) => ({
  root: here,
  base: "./",
  plugins: [head(command === "serve"), licences()],
  build: {
    outDir: "../build/site",
    emptyOutDir: true,
    target: "es2022",
    // Files as data: URLs would need a laxer policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: pages.map((path) => join(here, path)) },
  },
  worker: { format: "es" },
  preview: { headers: { "Content-Security-Policy": POLICY } },
}));

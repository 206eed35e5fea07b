// The docs of the site, after Vite has built it: node scripts/run.js scripts/site-docs.ts
import { buildDocs } from "../site/docs/build.js";
import { fromRoot } from "./root.js";

const { pages } = await buildDocs(fromRoot(), fromRoot("build/site"));
console.log(`build/site/docs: ${pages.length} pages`);

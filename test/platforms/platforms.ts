/** All platforms, in the order of the table. */
import { bundlers } from "./on/bundlers.js";
import { metas } from "./on/meta.js";
import { places } from "./on/places.js";
import { runtimes } from "./on/runtimes.js";
import { testers } from "./on/testers.js";
import { vites } from "./on/vite.js";
import type { Platform } from "./platform.js";

export const PLATFORMS: readonly Platform[] = [...vites, ...metas, ...bundlers, ...runtimes, ...places, ...testers];

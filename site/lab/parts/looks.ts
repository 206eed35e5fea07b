/** How the twins are told apart in charts: by colour, and by dashes. */
import type { Kind } from "../core/nets.js";

export const LOOKS: Record<Kind, { colour: string; dash?: string }> = {
  plain: { colour: "--plain", dash: "7 4" },
  residual: { colour: "--residual" },
};

/** Any runtime of which nothing more is known: one thread. */
import { type Runtime, singleThread } from "../../runtime/host.js";

export const defaultHost: Runtime = {
  ...singleThread("this entry point of the package runs on one thread"),
  name: "default",
  noRelaxed: () => null,
};

// Kills a training at random moments and lets it go on, until it has come to its end; what is left must be that of a run that was
// never killed, and no file of the store may ever be torn: node scripts/run.js scripts/kill.ts [--kills 100] [--seed 1]
import { parseArgs } from "node:util";
import { kill } from "../test/support/kill/kill.js";
import { fromRoot } from "./root.js";

const { values } = parseArgs({
  options: { kills: { type: "string", default: "100" }, seed: { type: "string", default: "1" } },
});
const { kills, runs, within } = await kill(
  fromRoot("test/support/kill/child.js"),
  Number(values.kills),
  Number(values.seed),
  (line) => console.log(line),
);
console.log(
  `${kills} kills in ${runs} runs, ${within} of them while a file was written: every run ended as one that was not killed`,
);

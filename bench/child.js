/** A contender in a Node process of its own: `child.js <folder> <options as JSON>`, calls come by messages. */
import { peak } from "./memory.js";
import { Session } from "./session.js";

const [folder, options] = process.argv.slice(2);
const session = new Session((kind) => import(`./${folder}/${kind}.js`), JSON.parse(options));
const methods = { prepare: (task) => session.prepare(task), run: (ms) => session.run(ms), peak };

process.on("message", async ({ method, argument }) => {
  try {
    process.send({ value: await methods[method](argument) });
  } catch (error) {
    process.send({ error: String(error?.message ?? error) });
  }
});
process.on("disconnect", () => process.exit());

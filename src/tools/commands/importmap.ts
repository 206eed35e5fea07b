/** `resnet-wasm importmap`. */
import process from "node:process";
import type { Command } from "../command.js";

/** What pages get of each entry: its specifier and its file in the package, as the build read them in package.json. */
declare const PAGE_FILES: Readonly<Record<string, string>>;

export const importmap: Command = {
  arguments: "",
  count: [0, 0],
  about: `Prints an import map for pages without a bundler, a file for each entry of the package. It stands in the page's head, before
    its scripts.`,
  options: {
    base: { value: "<address>", about: "where the page finds the package; default /node_modules/resnet-wasm/" },
    json: { about: "print the map alone, without its element" },
  },
  codes: "0 when it is printed, 2 on wrong arguments.",
  run(given) {
    const base = (given.text("base") ?? "/node_modules/resnet-wasm/").replace(/\/*$/, "/");
    const imports = Object.fromEntries(Object.entries(PAGE_FILES).map(([name, file]) => [name, `${base}${file}`]));
    const map = JSON.stringify({ imports }, null, 2);
    process.stdout.write(given.flag("json") ? `${map}\n` : `<script type="importmap">\n${map}\n</script>\n`);
    return 0;
  },
};

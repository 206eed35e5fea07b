// workerd on a port of its own, serving one worker made of the files of a folder.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { root } from "../package/pack.js";

/** The platform's package holds the binary; the main one needs its install script for a link to it. */
export const workerdBinary = ["test/e2e/bundlers", "test/e2e/runtimes"]
  .map((folder) => join(root, folder, "node_modules/@cloudflare"))
  .filter((scope) => existsSync(scope))
  .flatMap((scope) => readdirSync(scope).map((name) => join(scope, name, "bin/workerd")))
  .find((path) => existsSync(path));

export interface Workerd {
  url: string;
  process: ChildProcess;
  stop(): void;
}

/** What a module is, by its ending. */
const KINDS: [RegExp, string][] = [
  [/\.m?js$/, "esModule"],
  [/\.wasm(\?module)?$/, "wasm"],
  [/\.safetensors$/, "data"],
];

/** Writes the configuration of a worker: `main` first, then the folder's other modules under their own names. */
export function configure(folder: string, main: string): string {
  const others = readdirSync(folder).filter((name) => name !== main);
  const modules = [main, ...others].flatMap((name) => {
    const kind = KINDS.find(([pattern]) => pattern.test(name))?.[1];
    return kind ? [`(name = "${name}", ${kind} = embed "${name}")`] : [];
  });
  const config = join(folder, "worker.capnp");
  writeFileSync(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (modules = [${modules.join(", ")}], compatibilityDate = "2026-04-01"))],
  sockets = [(name = "http", service = "main")]
);
`,
  );
  return config;
}

export const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

/** Resolves when the port is open; the worker itself starts with the first request. */
export async function startWorkerd(config: string): Promise<Workerd> {
  const port = await freePort();
  const child = spawn(workerdBinary!, ["serve", config, `--socket-addr=http=127.0.0.1:${port}`, "--control-fd=1"]);
  let log = "";
  child.stderr.on("data", (data) => (log += data));
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`workerd left: ${log}`)));
    // The control channel says {"event":"listen",…} for each socket.
    child.stdout.once("data", () => resolve());
  });
  return { url: `http://127.0.0.1:${port}`, process: child, stop: () => void child.kill() };
}

/** Processes with an end: programs that are run, and servers that are stopped with all that they have started. */
import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";

/** No tool reports to its makers, asks anybody, or paints. */
const ENVIRONMENT = {
  ...{ CI: "1", NO_COLOR: "1", FORCE_COLOR: "0", NEXT_TELEMETRY_DISABLED: "1", ASTRO_TELEMETRY_DISABLED: "1" },
  ...{ NUXT_TELEMETRY_DISABLED: "1", WRANGLER_SEND_METRICS: "false", DENO_NO_UPDATE_CHECK: "1" },
};

export interface ProcessOptions {
  cwd: string;
  env?: Record<string, string> | undefined;
  /** Default 240. */
  seconds?: number | undefined;
}

const started = new Set<ChildProcess>();

/** It and all that it has started. */
function end(child: ChildProcess): void {
  started.delete(child);
  try {
    process.kill(-child.pid!, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
process.on("exit", () => started.forEach(end));

function start(command: string, args: readonly string[], { cwd, env }: ProcessOptions) {
  const child = spawn(command, args, {
    cwd,
    detached: true,
    // A project may have a Node of its own.
    env: {
      ...process.env,
      PATH: `${join(cwd, "node_modules/.bin")}${delimiter}${process.env.PATH}`,
      ...ENVIRONMENT,
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.add(child);
  const log = { stdout: "", all: "" };
  child.stdout.on("data", (data) => {
    log.stdout += data;
    log.all += data;
  });
  child.stderr.on("data", (data) => {
    log.all += data;
  });
  return { child, log };
}

const tail = (text: string) => (text.length > 3000 ? `…${text.slice(-3000)}` : text);

/** Runs a command to its end; resolves to its standard output. */
export function run(command: string, args: readonly string[], options: ProcessOptions): Promise<string> {
  const { child, log } = start(command, args, options);
  const { seconds = 240 } = options;
  return new Promise((resolve, reject) => {
    const name = [command.split("/").at(-1), ...args].join(" ").slice(0, 120);
    const timer = setTimeout(() => {
      end(child);
      reject(new Error(`${name} did not end within ${seconds} s\n${tail(log.all)}`));
    }, seconds * 1000);
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      end(child);
      if (code === 0) resolve(log.stdout);
      else reject(new Error(`${name} left with code ${code}\n${tail(log.all)}`));
    });
  });
}

/** Starts a server, waits until its port answers, hands over its address, and stops it. */
export async function serving<T>(
  command: (port: number) => [command: string, ...args: string[]],
  options: ProcessOptions,
  use: (address: string) => Promise<T>,
): Promise<T> {
  const port = await freePort();
  const [name, ...args] = command(port);
  const { child, log } = start(name, args, { ...options, env: { PORT: `${port}`, ...options.env } });
  const address = `http://localhost:${port}`;
  try {
    await answering(address, child, options.seconds ?? 120);
    return await use(address);
  } catch (error) {
    throw new Error(`${(error as Error).message}\nserver: ${tail(log.all)}`, { cause: error });
  } finally {
    end(child);
  }
}

async function answering(address: string, child: ChildProcess, seconds: number): Promise<void> {
  const before = Date.now() + seconds * 1000;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the server left with code ${child.exitCode}`);
    if (Date.now() > before) throw new Error(`the server did not answer within ${seconds} s`);
    try {
      await (await fetch(address)).arrayBuffer();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

export const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

/** The JSON that a program printed on its last line. */
export const lastLine = <T>(text: string): T => JSON.parse(text.trim().split("\n").at(-1)!);

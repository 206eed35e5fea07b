/** Redis, workers and coordinators as processes, to be stopped and killed. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Scripts are bundled, and lie elsewhere than this file: the folder of package.json is above both. */
function above(folder: string): string {
  return existsSync(join(folder, "package.json")) ? folder : above(dirname(folder));
}

export const root = above(dirname(fileURLToPath(import.meta.url)));
const here = (path: string) => join(root, "test/support/cluster", path);
const run = promisify(execFile);

/** Where Debian and Homebrew put it. */
export const REDIS = ["/usr/bin/redis-server", "/usr/local/bin/redis-server", "/opt/homebrew/bin/redis-server"].find(
  existsSync,
);
export const missing = REDIS ? "" : " (skipped: there is no redis-server)";

export const SECRET = "a secret of the tests, 32 letters";

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

/** A Redis without files, on a port of its own. */
export class RedisServer {
  readonly port: number;
  readonly #folder: string;
  readonly #password: string | undefined;
  #process: ChildProcess | undefined;

  private constructor(port: number, password: string | undefined) {
    this.port = port;
    this.#password = password;
    this.#folder = mkdtempSync(join(tmpdir(), "cluster-redis-"));
  }

  static async start({ password }: { password?: string } = {}): Promise<RedisServer> {
    const redis = new RedisServer(await freePort(), password);
    await redis.start();
    return redis;
  }

  get address(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const password = this.#password === undefined ? [] : ["--requirepass", this.#password];
    const args = ["--port", `${this.port}`, "--bind", "127.0.0.1", "--save", "", "--dir", this.#folder, ...password];
    const started = spawn(REDIS ?? "redis-server", args, { stdio: ["ignore", "pipe", "ignore"] });
    this.#process = started;
    await new Promise<void>((resolve, reject) => {
      started.stdout.on("data", (text) => String(text).includes("Ready to accept connections") && resolve());
      started.once("exit", (code) => reject(new Error(`redis-server left with code ${code}`)));
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  /** Ends and starts it: nothing is left of what it had. */
  async restart(): Promise<void> {
    const ended = new Promise((resolve) => this.#process?.once("exit", resolve));
    this.kill("SIGKILL");
    await ended;
    await this.start();
  }

  async cli(...args: string[]): Promise<string> {
    return (await run("redis-cli", ["-p", `${this.port}`, ...args])).stdout;
  }

  stop(): void {
    this.#process?.removeAllListeners("exit");
    this.kill("SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

interface Line {
  type: string;
  [key: string]: unknown;
}

/** A process that says what it does. */
export class Machine {
  readonly process: ChildProcess;
  output = "";
  errors = "";
  readonly lines: Line[] = [];
  /** Its exit code, or the signal that ended it. */
  readonly done: Promise<number | string>;
  #heard: (() => void)[] = [];

  constructor(program: string, args: string[], env: Record<string, string> = {}, node = [process.execPath]) {
    const [command, ...before] = node;
    this.process = spawn(command, [...before, program, ...args], {
      env: { ...process.env, RESNET_WASM_SECRET: SECRET, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let rest = "";
    this.process.stdout?.on("data", (data) => {
      this.output += data;
      const lines = (rest + data).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line.startsWith("{")) this.lines.push(JSON.parse(line));
      for (const each of this.#heard.splice(0)) each();
    });
    this.process.stderr?.on("data", (data) => {
      this.errors += data;
      for (const each of this.#heard.splice(0)) each();
    });
    this.done = new Promise((resolve) => this.process.once("close", (code, signal) => resolve(code ?? `${signal}`)));
  }

  /** Waits until what it has said fulfils a condition. */
  async until(condition: (machine: Machine) => boolean, what = String(condition)): Promise<void> {
    let ended: number | string | undefined;
    void this.done.then((code) => {
      ended = code;
    });
    while (!condition(this)) {
      if (ended !== undefined) throw new Error(`ended with ${ended} before ${what}: ${this.output}${this.errors}`);
      await Promise.race([new Promise<void>((resolve) => this.#heard.push(resolve)), this.done]);
    }
  }

  steps = (): number => this.lines.filter(({ type }) => type === "step").length;

  kill(signal: NodeJS.Signals = "SIGKILL"): void {
    this.process.kill(signal);
  }
}

/** `node` is the command that runs it, where it is another than this process's. */
export const startWorker = (
  redis: RedisServer,
  args: string[] = [],
  env?: Record<string, string>,
  node?: string[],
): Machine => {
  const own = ["worker", "--redis", redis.address, "--data", here("."), "--threads", "1"];
  return new Machine(join(root, "dist/bin.js"), [...own, ...args], env, node);
};

/** A training, as train.js takes it. */
export interface Training {
  network: "digits" | "resnet8" | "resnet20" | "own";
  dataset: object;
  steps?: number;
  [option: string]: unknown;
}

export const startTraining = (redis: RedisServer | null, training: Training, env?: Record<string, string>): Machine =>
  new Machine(
    here("train.js"),
    [
      JSON.stringify({
        ...training,
        ...(redis ? { cluster: { redis: redis.address, ...Object(training["cluster"]) } } : { alone: true }),
      }),
    ],
    env,
  );

export interface End {
  hash: string;
  median: number;
  steps: number;
  stopped: string;
  workers?: { id: string; arch: string; parts: number; ready: boolean }[];
}

/** What a training came to. Throws where it failed. */
export async function endOf(machine: Machine): Promise<End> {
  const code = await machine.done;
  const end = machine.lines.find(({ type }) => type === "end");
  if (code !== 0 || !end) throw new Error(`ended with ${code}: ${machine.output.slice(-2000)}${machine.errors}`);
  return end as unknown as End;
}

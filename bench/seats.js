/** Where contenders sit: a process each, that answers `call(method, argument)`. Who does not answer in time is stopped. */
import { execFile, fork, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { network } from "./nets.js";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const root = here("..");
const execute = promisify(execFile);

class ProcessSeat {
  #settle = null;
  #complaint = "";

  constructor(child) {
    this.child = child;
    child.stderr?.on("data", (text) => {
      this.#complaint = (this.#complaint + text).slice(-4000);
    });
    child.on("error", (error) => this.#answer({ error: error.message }));
    child.on("close", (code, signal) => {
      const last = this.#complaint.trim().split("\n").at(-1);
      this.#answer({ error: last || `the process ended with ${signal ?? code}` });
      this.dead ??= last || `the process ended with ${signal ?? code}`;
    });
  }

  /** What the child sent, or why it cannot any more. */
  #answer(message) {
    this.#settle?.(message);
    this.#settle = null;
  }

  received(message) {
    this.#answer(message);
  }

  async call(method, argument, limit = 120_000) {
    if (this.dead) throw new Error(this.dead);
    const { error, value } = await new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.dead = `no result within ${limit / 1000} s`;
        this.#answer({ error: this.dead });
        this.child.kill("SIGKILL");
      }, limit);
      this.#settle = (message) => {
        clearTimeout(timer);
        resolve(message);
      };
      this.send({ method, argument });
    });
    if (error) throw new Error(error.split("\n")[0].replaceAll(root, ""));
    return value;
  }
}

export class NodeSeat extends ProcessSeat {
  constructor({ folder, options }, node) {
    const stdio = ["ignore", "ignore", "pipe", "ipc"];
    super(fork(here("child.js"), [folder, JSON.stringify(options)], { execPath: node.path, execArgv: [], stdio }));
    this.child.on("message", (message) => this.received(message));
  }

  send(message) {
    this.child.send(message);
  }

  close() {
    if (this.child.connected) this.child.disconnect();
  }
}

// Debian's default BLAS is a reference implementation, many times slower; OpenBLAS replaces it where it is installed.
const OPENBLAS = ["x86_64", "aarch64"].map((cpu) => `/usr/lib/${cpu}-linux-gnu/openblas-pthread`);

export class PythonSeat extends ProcessSeat {
  constructor(options) {
    const libraries = [...OPENBLAS.filter(existsSync), process.env.LD_LIBRARY_PATH].filter(Boolean).join(":");
    const env = { ...process.env, LD_LIBRARY_PATH: libraries };
    super(
      spawn(process.env.PYTHON ?? "/usr/bin/python3", [here("pytorch/session.py"), JSON.stringify(options)], { env }),
    );
    this.child.stdin.on("error", () => {}); // a child that died closes its pipe; its end is told by "close"
    createInterface({ input: this.child.stdout }).on("line", (line) => this.received(JSON.parse(line)));
  }

  /** Networks go along as data. */
  send({ method, argument }) {
    const { ops, parameters } = argument?.net ? network(argument) : {};
    const full = argument?.net ? { ...argument, ops, parameters } : argument;
    this.child.stdin.write(`${JSON.stringify({ method, argument: full })}\n`);
  }

  close() {
    this.child.stdin.end();
  }
}

/** A new process for every run: start-up. */
export class FreshSeat {
  #peak = 0;

  constructor({ folder, options }, node) {
    this.command = [here("startup.js"), folder, JSON.stringify(options)];
    this.node = node;
  }

  async call(method, task, limit = 120_000) {
    if (method === "peak") return this.#peak;
    if (method === "prepare") this.processor = task.clock === "processor";
    const { stdout } = await execute(this.node.path, this.command, { timeout: limit });
    const { first, peakMiB, ...times } = JSON.parse(stdout);
    const ms = this.processor ? times.processorMs : times.ms;
    this.#peak = Math.max(this.#peak, peakMiB);
    return method === "run" ? [ms] : { version: "", first, ms };
  }

  close() {}
}

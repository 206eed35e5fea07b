/** `resnet-wasm worker`: this machine as one of a cluster. */
import process from "node:process";
import { serveWorker } from "../../hosts/node/cluster.js";
import { type Command, UsageError } from "../command.js";

export const worker: Command = {
  arguments: "",
  count: [0, 0],
  about: `Computes parts of the steps of a training that another machine coordinates (openCluster of resnet-wasm/cluster), until it is
    stopped by SIGTERM or SIGINT. Needs the packages bullmq and ioredis. The environment has the secret that all machines share,
    RESNET_WASM_SECRET, and where Redis asks for them RESNET_WASM_REDIS_PASSWORD and RESNET_WASM_REDIS_USERNAME; RESNET_WASM_REDIS may
    hold the whole address.`,
  options: {
    name: { value: "<name>", about: "of the cluster, default default" },
    redis: { value: "<address>", about: "default RESNET_WASM_REDIS, else redis://127.0.0.1:6379" },
    data: { value: "<folder>", about: "where this machine has the data, default here" },
    threads: { value: "<n>", about: "default: as many as there are cores" },
  },
  codes: "0 when it was stopped, 1 when it could not go on, 2 on wrong arguments.",
  async run(given) {
    const [name, redis, data] = ["name", "redis", "data"].map((option) => given.text(option));
    if (redis !== undefined && /\/\/[^/]*:[^/]*@/.test(redis))
      throw new UsageError(
        "worker: --redis expected an address without a password, got one with it: use RESNET_WASM_REDIS_PASSWORD",
      );
    const stop = new AbortController();
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());
    await serveWorker({
      ...(name !== undefined && { name }),
      ...(redis !== undefined && { redis }),
      ...(data !== undefined && { data }),
      ...(given.flag("threads") && { threads: given.count("threads", 1) }),
      log: (line) => void process.stderr.write(`${line}\n`),
      signal: stop.signal,
    });
    return 0;
  },
};

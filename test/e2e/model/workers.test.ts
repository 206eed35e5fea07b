// Workers that do not start, and workers that die.
import { describe, expect, it } from "vitest";
import { nodeHost } from "../../../src/hosts/node/host.js";
import { type ModelOptions, RuntimeSupportError, residualMLP } from "../../../src/hosts/node/index.js";
import { modelCreator } from "../../../src/model/create.js";
import type { Runtime, ThreadHandle } from "../../../src/runtime/host.js";
import { compileKernels } from "../../../src/runtime/kernels.js";
import { uniform } from "../../golden/generator.js";

const createOn = (runtime: Runtime) => modelCreator(runtime, compileKernels);
const net = residualMLP({ in: 8, width: 16, blocks: 1, out: 3 });
const x = uniform("workers/x", 8 * 20);
const expected = async () =>
  (await createOn(nodeHost)(net, { inputShape: [8], threads: 1, relaxedSimd: false })).predict(x);

const modelOn = (runtime: Runtime, threads: ModelOptions["threads"] = { force: 2 }) =>
  createOn(runtime)(net, { inputShape: [8], threads, relaxedSimd: false });

/** A batch long enough for threads that are not forced. */
const long = uniform("workers/long", 8 * 4096);

describe("workers that do not start", () => {
  const never: ThreadHandle = { ready: new Promise(() => {}), terminate: () => {} };
  const hosts: [string, Runtime["startThread"], RegExp][] = [
    [
      "because the host throws",
      () => {
        throw new Error("no workers today");
      },
      /one thread, because no worker started: no workers today/,
    ],
    [
      "because they fail",
      () => ({ ready: Promise.reject(new Error("out of memory")), terminate: () => {} }),
      /no worker started: out of memory/,
    ],
    [
      "because they never answer",
      () => never,
      /no worker started: threads: worker start expected under 5000 ms, got no answer/,
    ],
  ];
  it.each(hosts)("%s: one thread does the work and info says why", async (_, startThread, why) => {
    const model = await modelOn({ ...nodeHost, startThread });
    expect(model.info.threads).toBe(1);
    expect(model.info.why).toMatch(why);
    expect(model.predict(x)).toEqual(await expected());
  });

  it("terminates those that did when another one does not", async () => {
    let [started, terminated] = [0, 0];
    const startThread = () => {
      if (started++ === 1) throw new Error("only one");
      return { ready: Promise.resolve(), terminate: () => void terminated++ };
    };
    const model = await createOn({ ...nodeHost, startThread })(net, { inputShape: [8], threads: 3 });
    expect([model.info.threads, terminated]).toEqual([1, 1]);
  });
});

describe("a worker that dies", () => {
  // Pages may not sleep and spin instead; Node does so when told that it may not.
  it.each([true, false])("in the middle of a step ends that step, main thread may sleep: %s", async (mayWait) => {
    const handles: ThreadHandle[] = [];
    const startThread: Runtime["startThread"] = async (...args) => {
      handles.push(await nodeHost.startThread(...args));
      return handles[handles.length - 1];
    };
    const model = await modelOn({ ...nodeHost, startThread, mayWait: () => mayWait }, 2);
    const predict = () => model.predict(long, { batchSize: 4096 });
    expect(predict().data.slice(0, 60)).toEqual(model.predict(long.subarray(0, 8 * 20)).data);
    handles[0].terminate();
    const start = Date.now();
    // The event loop does not turn in between, so nobody hears of the death.
    expect(() => {
      for (let i = 0; i < 1e6; i++) predict();
    }).toThrow(/run: kernels expected to finish, .*go on from a checkpoint/);
    expect(Date.now() - start).toBeLessThan(50_000);
    expect(predict).toThrow(/worker threads expected alive, got unreachable/);
    // Nor with one thread: what the step has written is not whole.
    expect(() => model.predict(x)).toThrow(
      /model expected one whose steps were all completed, got a model whose step was interrupted/,
    );
    expect(model.stateDict().size).toBe(8);
    model.dispose();
  });

  it("makes calls that need it fail with a typed error instead of waiting for it", async () => {
    const handles: ThreadHandle[] = [];
    const startThread: Runtime["startThread"] = async (...args) => {
      handles.push(await nodeHost.startThread(...args));
      return handles[handles.length - 1];
    };
    const model = await modelOn({ ...nodeHost, startThread }, 2);
    const predict = () => model.predict(long, { batchSize: 4096 });
    predict();
    handles[0].terminate();
    await new Promise((resolve) => setTimeout(resolve, 500));
    for (let i = 0; i < 2; i++) {
      expect(predict).toThrow(RuntimeSupportError);
      expect(predict).toThrow(/worker threads expected alive, got a worker left with code 1/);
    }
    // What one thread can do still works.
    expect(model.predict(x)).toEqual(await expected());
    expect(model.stateDict().size).toBe(8);
    model.dispose();
  });

  it("of a trap wakes those that wait for it", async () => {
    // (module (import "env" "memory" (memory 1 65536 shared)) (func (export "serve") (param i32 i32 i32) unreachable))
    const bytes = Uint8Array.of(
      ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 1, 96, 3, 127, 127, 127, 0, 2, 18, 1, 3, 101, 110, 118],
      ...[6, 109, 101, 109, 111, 114, 121, 2, 3, 1, 128, 128, 4, 3, 2, 1, 0, 7, 9, 1, 5, 115, 101, 114],
      ...[118, 101, 0, 0, 10, 5, 1, 3, 0, 0, 11],
    );
    const module = new WebAssembly.Module(bytes);
    const startThread: Runtime["startThread"] = (start, failed) => nodeHost.startThread({ ...start, module }, failed);
    const model = await modelOn({ ...nodeHost, startThread });
    const begin = performance.now();
    expect(() => model.predict(x)).toThrow(RuntimeSupportError);
    expect(performance.now() - begin).toBeLessThan(5000); // far below the patience of a barrier
    model.dispose();
  });
});

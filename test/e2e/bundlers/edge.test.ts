// examples/edge under workerd, with real requests: answers, refusals, memory, and what it costs to start.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encode as encodePng } from "fast-png";
import jpegJs from "jpeg-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ImageTransform } from "../../../src/data/image/transform.js";
import { CIFAR10_CLASSES, decodeImage, readCifar, transformImage } from "../../../src/faces/data.js";
import { cifarResNet, createModel, loadModel, type Model, writeSafetensors } from "../../../src/hosts/node/index.js";
import { type Packed, packAndInstall, root } from "../package/pack.js";
import { configure, startWorkerd, type Workerd } from "./workerd.js";

const wrangler = join(root, "test/e2e/bundlers/node_modules/wrangler/bin/wrangler.js");
const installed = existsSync(wrangler);
const missing = installed ? "" : " (skipped: wrangler is not installed; npm run test:bundlers does it)";

const shared = new URL("../../../../shared/data/", import.meta.url);
const pretrained = new URL("cifar10-resnets/resnet20-12fca82f.safetensors", shared);
const testImages = new URL("cifar-10/test_batch.bin", shared);
const hasPretrained = existsSync(pretrained) && existsSync(testImages);

/** Where the kernel tells what a process takes. */
const hasProc = existsSync("/proc/self/stat");

interface Answer {
  class: string;
  probability: number;
  classes: { class: string; probability: number }[];
  served: number;
}
type Body = Uint8Array<ArrayBuffer>;
const RAW = { "Content-Type": "application/octet-stream" };

/** Pixels of a picture that differs from seed to seed. */
const picture = (seed: number, width = 32, height = 32): Body =>
  Uint8Array.from({ length: 3 * width * height }, (_, i) => (seed * 40 + (i % 3) * 50 + ((i * (seed + 3)) % 61)) & 255);

describe.skipIf(!installed)(`the worker at the edge${missing}`, { timeout: 240_000 }, () => {
  let packed: Packed;
  beforeAll(() => {
    packed = packAndInstall();
  });
  afterAll(() => packed?.remove());

  /** Packs weights and bundles the worker, as the head of examples/edge/worker.js tells. */
  function bundle(name: string, weights: string): { config: string; model: Uint8Array } {
    const folder = join(packed.app, name);
    cpSync(join(root, "examples/edge"), folder, { recursive: true });
    const options = {
      cwd: folder,
      stdio: "pipe",
      env: { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "1" },
    } as const;
    execFileSync(process.execPath, ["pack-model.js", weights], options);
    execFileSync(process.execPath, [wrangler, "deploy", "--dry-run", "--outdir", "out"], options);
    return {
      config: configure(join(folder, "out"), "worker.js"),
      model: readFileSync(join(folder, "model.safetensors")),
    };
  }

  /** What the worker shall answer, by the library in Node. */
  function expected(model: Model, image: Parameters<typeof transformImage>[0]): Pick<Answer, "class" | "probability"> {
    const logits = model.predict(transformImage(image, model.transform as ImageTransform).data).data;
    const largest = Math.max(...logits);
    const sum = logits.reduce((total, logit) => total + Math.exp(logit - largest), 0);
    return { class: CIFAR10_CLASSES[logits.indexOf(largest)], probability: 1 / sum };
  }

  describe("with the weights of a seed", () => {
    let worker: Workerd;
    let model: Model;
    let config: string;
    const post = (body: Body, headers: Record<string, string> = {}, query = "") =>
      fetch(`${worker.url}/${query}`, { method: "POST", body, headers });
    const answerTo = async (response: Promise<Response>): Promise<Answer> => {
      const { status } = await response;
      const answer = await (await response).json();
      expect(status, JSON.stringify(answer)).toBe(200);
      return answer as Answer;
    };
    const expectAnswer = (answer: Answer, image: Parameters<typeof transformImage>[0]) => {
      const { class: name, probability } = expected(model, image);
      expect(answer.class).toBe(name);
      expect(answer.probability).toBeCloseTo(probability, 6);
      expect(answer.classes.map((entry) => entry.class).sort()).toEqual([...CIFAR10_CLASSES].sort());
      expect(answer.classes.reduce((sum, entry) => sum + entry.probability, 0)).toBeCloseTo(1, 6);
    };

    beforeAll(async () => {
      const seeded = await createModel(cifarResNet(20), { inputShape: [32, 32, 3], seed: 5, threads: 1 });
      const weights = join(packed.app, "seeded.safetensors");
      writeFileSync(weights, writeSafetensors(seeded.stateDict()));
      const built = bundle("seeded", weights);
      config = built.config;
      model = await loadModel(built.model, { threads: 1, relaxedSimd: false });
      worker = await startWorkerd(config);
    }, 240_000);
    afterAll(() => worker?.stop());

    it("classifies PNG, JPEG and raw pixels as Node does", async () => {
      const png = Uint8Array.from(
        encodePng({ data: picture(1, 40, 50), width: 40, height: 50, channels: 3, depth: 8 }),
      );
      expectAnswer(await answerTo(post(png)), await decodeImage(png));
      const rgba = Uint8Array.from({ length: 4 * 30 * 20 }, (_, i) => (i * 7) & 255);
      const jpeg = Uint8Array.from(jpegJs.encode({ data: rgba, width: 30, height: 20 }, 80).data);
      expectAnswer(await answerTo(post(jpeg)), await decodeImage(jpeg));
      const raw = { data: picture(2), width: 32, height: 32 };
      expectAnswer(await answerTo(post(raw.data, RAW)), raw);
      const wide = { data: picture(3, 64, 16), width: 64, height: 16 };
      expectAnswer(await answerTo(post(wide.data, RAW, "?width=64&height=16")), wide);
    });

    it("serves requests in parallel from one model", async () => {
      const before = (await answerTo(post(picture(0), RAW))).served;
      const seeds = Array.from({ length: 32 }, (_, i) => i);
      const answers = await Promise.all(seeds.map((seed) => answerTo(post(picture(seed), RAW))));
      for (const seed of seeds) expectAnswer(answers[seed], { data: picture(seed), width: 32, height: 32 });
      expect(answers.map(({ served }) => served - before).sort((a, b) => a - b)).toEqual(seeds.map((i) => i + 1));
    });

    const png = Uint8Array.from(encodePng({ data: picture(1), width: 32, height: 32, channels: 3, depth: 8 }));
    const large = Uint8Array.from(
      encodePng({ data: new Uint8Array(2000 * 1000), width: 2000, height: 1000, channels: 1, depth: 8 }),
    );
    const refusals: [string, Body, Record<string, string>, string, number, RegExp][] = [
      ["nothing", new Uint8Array(), {}, "", 400, /^body expected a PNG, a JPEG or raw pixels, got nothing$/],
      ["text", new TextEncoder().encode("hello"), {}, "", 400, /file expected JPEG or PNG, got bytes 68 65 6c 6c/],
      [
        "half a PNG",
        png.slice(0, 200),
        {},
        "",
        400,
        /PNG: file expected chunks up to IEND, got its end after 200 bytes/,
      ],
      [
        "a picture of 2 megapixels",
        large,
        {},
        "",
        400,
        /size expected 1 to 262144 pixels, got 2000 x 1000, 2000000 pixels/,
      ],
      ["too few raw pixels", picture(1).slice(1), RAW, "", 400, /bytes for each of 32 x 32 pixels, got 3071 bytes/],
      [
        "a width that is no number",
        picture(1),
        RAW,
        "?width=x",
        400,
        /expected a width and height above 0, got NaN x 32/,
      ],
      ["more than 1 MB", new Uint8Array(2 ** 20 + 1), {}, "", 413, /^body expected at most 1048576 bytes, got more$/],
    ];
    it.each(refusals)("refuses %s", async (_, body, headers, query, status, message) => {
      const response = await post(body, headers, query);
      const { error } = (await response.json()) as { error: string };
      expect(error).toMatch(message);
      expect(response.status).toBe(status);
    });

    it("refuses a stream of 2 MB that does not tell its length", async () => {
      let left = 32;
      const body = new ReadableStream({
        pull(controller) {
          if (left-- > 0) controller.enqueue(new Uint8Array(65536));
          else controller.close();
        },
      });
      const response = await fetch(worker.url, { method: "POST", body, duplex: "half" } as RequestInit);
      expect(response.status).toBe(413);
      await response.json();
    });

    it.each(["GET", "PUT", "DELETE"])("refuses the method %s", async (method) => {
      const response = await fetch(worker.url, { method });
      expect(response.status).toBe(405);
      expect(response.headers.get("Allow")).toBe("POST");
      expect(await response.json()).toEqual({ error: `method expected POST, got ${method}` });
    });

    it("goes on after all that", async () => {
      expectAnswer(await answerTo(post(picture(7), RAW)), { data: picture(7), width: 32, height: 32 });
    });

    /** A worker that does nothing, for comparison. */
    const emptyConfig = () => {
      const folder = join(packed.app, "empty");
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "worker.js"), `export default { fetch: () => new Response("{}") };`);
      return configure(folder, "worker.js");
    };
    const peak = ({ process: { pid } }: Workerd) =>
      Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;

    it.skipIf(!hasProc)("stays far below 128 MB (skipped where /proc is absent)", async () => {
      const empty = await startWorkerd(emptyConfig());
      await fetch(empty.url);
      const [width, height] = [512, 512];
      const noise = Uint8Array.from({ length: 4 * width * height }, (_, i) => (i * 31 + (i >> 5)) & 255);
      const jpeg = jpegJs.encode({ data: noise, width, height }, 50).data;
      const png = encodePng({ data: noise, width, height, channels: 4, depth: 8 });
      for (let i = 0; i < 5; i++) await Promise.all([jpeg, png].map((file) => answerTo(post(Uint8Array.from(file)))));
      const linear = model.memoryPlan({ batchSize: 1, training: false }).total / 2 ** 20;
      const [used, base] = [peak(worker), peak(empty)];
      console.log(
        `edge: ${linear.toFixed(1)} MB of linear memory; process ${used.toFixed(0)} MB, empty ${base.toFixed(0)} MB`,
      );
      empty.stop();
      expect(linear).toBeLessThan(16);
      expect(used - base).toBeLessThan(128);
    });

    /** Milliseconds of processor time that a process has taken, in steps of 10. */
    const processorTime = ({ process: { pid } }: Workerd) => {
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
      return 10 * (Number(fields[11]) + Number(fields[12]));
    };

    it.skipIf(!hasProc)("starts and answers its first request little later than an empty worker", async () => {
      const first = async (path: string) => {
        const begin = performance.now();
        const started = await startWorkerd(path);
        const response = await fetch(started.url, { method: "POST", body: picture(1), headers: RAW });
        await response.json();
        const wall = performance.now() - begin;
        const processor = processorTime(started);
        expect(response.status).toBe(200);
        started.stop();
        return { wall, processor };
      };
      const [ours, empty]: Awaited<ReturnType<typeof first>>[][] = [[], []];
      const other = emptyConfig();
      for (let i = 0; i < 11; i++) {
        ours.push(await first(config));
        empty.push(await first(other));
      }
      const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1];
      const [wall, processor] = (["wall", "processor"] as const).map((key) =>
        [ours, empty].map((runs) => median(runs.map((run) => run[key]))),
      );
      console.log(
        `edge: cold start and first answer ${wall[0].toFixed(0)} ms, empty worker ${wall[1].toFixed(0)} ms; processor time ${processor.join(" and ")} ms`,
      );
      // 100 ms is the aim. Processor time counts, which a busy machine stretches less, and what other threads do meanwhile.
      expect(processor[0] - processor[1]).toBeLessThan(200);
    });
  });

  it.skipIf(!hasPretrained)(
    `with pretrained weights it is right on real pictures${hasPretrained ? "" : " (skipped: ../shared/data is absent)"}`,
    async () => {
      const { config, model: bytes } = bundle("pretrained", pretrained.pathname);
      const model = await loadModel(bytes, { threads: 1, relaxedSimd: false });
      const file = readFileSync(testImages);
      const { length } = readCifar(file);
      expect(length).toBe(10_000);
      const worker = await startWorkerd(config);
      let right = 0;
      const count = 200;
      for (let i = 0; i < count; i++) {
        // A record: the label, then planes of red, green and blue.
        const record = file.subarray(i * 3073, (i + 1) * 3073);
        const data = Uint8Array.from({ length: 3072 }, (_, p) => record[1 + (p % 3) * 1024 + Math.floor(p / 3)]);
        const response = await fetch(worker.url, { method: "POST", body: data, headers: RAW });
        const answer = (await response.json()) as Answer;
        const { class: name, probability } = expected(model, { data, width: 32, height: 32 });
        expect(answer.class).toBe(name);
        expect(answer.probability).toBeCloseTo(probability, 6);
        if (answer.class === CIFAR10_CLASSES[record[0]]) right++;
      }
      worker.stop();
      expect(right / count).toBeGreaterThan(0.88);
      expect(readdirSync(join(packed.app, "pretrained")).includes("model.safetensors")).toBe(true);
    },
  );
});

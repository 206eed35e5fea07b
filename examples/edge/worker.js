// @ts-check
// A worker at the edge that tells what is on a picture: a CIFAR ResNet in a file beside it, loaded once, shared by all
// requests.
//
//   node examples/edge/pack-model.js <weights.safetensors>     writes model.safetensors, once
//   npx wrangler dev --config examples/edge/wrangler.json
//   curl --data-binary @cat.png http://localhost:8787
//   curl --data-binary @pixels.rgb -H "Content-Type: application/octet-stream" "http://localhost:8787?width=64&height=48"

import { CIFAR10_CLASSES, decodeImage, expectTransform, transformImage } from "resnet-wasm/data";
import { loadModel, ResnetWasmError } from "resnet-wasm/inference";
import file from "./model.safetensors";

// A worker may have 128 MB. Decoding takes up to 100 bytes a pixel, and the network sees 32 x 32 of them.
const MAX_BYTES = 2 ** 20;
const MAX_PIXELS = 512 * 512;

class Refusal extends Error {
  /** @param {number} status  @param {string} message  @param {Record<string, string>} [headers] */
  constructor(status, message, headers) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

// Started before the first request; it waits for nothing outside, so it is ready when that comes.
const loading = loadModel(file);
let served = 0;

/** The body, read no further than allowed. @param {Request} request */
async function readBody(request) {
  const tooLarge = () => new Refusal(413, `body expected at most ${MAX_BYTES} bytes, got more`);
  if (Number(request.headers.get("Content-Length")) > MAX_BYTES) throw tooLarge();
  /** @type {Uint8Array[]} */
  const parts = [];
  let length = 0;
  const reader = request.body?.getReader();
  for (let part = await reader?.read(); part?.value; part = await reader?.read()) {
    length += part.value.length;
    if (length > MAX_BYTES) {
      await reader?.cancel();
      throw tooLarge();
    }
    parts.push(part.value);
  }
  if (length === 0) throw new Refusal(400, "body expected a PNG, a JPEG or raw pixels, got nothing");
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** PNG and JPEG tell their size; raw pixels need a width and a height. @param {Request} request */
async function readImage(request) {
  const bytes = await readBody(request);
  if (request.headers.get("Content-Type") !== "application/octet-stream")
    return decodeImage(bytes, "body", { maxPixels: MAX_PIXELS });
  const { searchParams } = new URL(request.url);
  const [width, height] = ["width", "height"].map((name) => Number(searchParams.get(name) ?? 32));
  return { data: bytes, width, height };
}

/** @param {Request} request */
async function classify(request) {
  if (request.method !== "POST")
    throw new Refusal(405, `method expected POST, got ${request.method}`, { Allow: "POST" });
  const model = await loading;
  const { data } = transformImage(await readImage(request), expectTransform("worker", model.transform));
  const logits = [...model.predict(data).data];
  const largest = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp(logit - largest));
  const sum = weights.reduce((a, b) => a + b);
  const classes = weights
    .map((weight, i) => ({ class: CIFAR10_CLASSES[i], probability: weight / sum }))
    .sort((a, b) => b.probability - a.probability);
  return { ...classes[0], classes, served: ++served };
}

export default {
  /** @param {Request} request */
  async fetch(request) {
    try {
      return Response.json(await classify(request));
    } catch (error) {
      if (error instanceof Refusal) {
        const { status, message, headers } = error;
        return Response.json({ error: message }, { status, headers });
      }
      // What the library refuses is the sender's; anything else is ours.
      if (error instanceof ResnetWasmError) return Response.json({ error: error.message }, { status: 400 });
      throw error;
    }
  },
};

import { describe, expect, it } from "vitest";
import { ArgumentError, FormatError } from "../../../src/core/errors.js";
import { readSafetensors, type StoredTensor } from "../../../src/io/safetensors.js";
import { readSafetensorsStream } from "../../../src/io/safetensors-stream.js";
import { writeSafetensors } from "../../../src/io/safetensors-writer.js";
import { f32, fileOf, golden, tensor } from "./files.js";

/** A ReadableStream of chunks of `size`, and whether its reader cancelled it. */
function readable(bytes: Uint8Array, size: number) {
  const state = { cancelled: false };
  let at = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, (at += size)));
    },
    cancel() {
      state.cancelled = true;
    },
  });
  return { stream, state };
}

async function collect(stream: ReadableStream<Uint8Array>, options = {}) {
  const tensors = new Map<string, StoredTensor>();
  const { metadata } = await readSafetensorsStream(stream, (name, value) => void tensors.set(name, value), options);
  return { tensors, metadata };
}

describe("readSafetensorsStream", () => {
  it("reads what readSafetensors reads, whatever the chunks", async () => {
    const bytes = golden("dtypes.safetensors");
    const whole = readSafetensors(bytes);
    for (const size of [1, 3, 8, 100, bytes.length, 1 << 20]) {
      const { tensors, metadata } = await collect(readable(bytes, size).stream, { byteLength: bytes.length });
      expect(tensors).toEqual(whole.tensors);
      expect(metadata).toEqual(whole.metadata);
    }
  });

  it("grows a large tensor as it comes", async () => {
    const data = Float32Array.from({ length: 1_000_003 }, (_, i) => i);
    const file = writeSafetensors({ a: { data, shape: [data.length] }, b: tensor([1], [5]) });
    const { tensors } = await collect(readable(file, 65_536 + 1).stream);
    expect(Buffer.compare(Buffer.from(tensors.get("a")!.data.buffer), Buffer.from(data.buffer))).toBe(0);
    expect(tensors.get("a")!.data.buffer.byteLength).toBe(data.byteLength);
    expect([...tensors.get("b")!.data]).toEqual([5]);
  });

  it("waits for the callback, tensor by tensor in the order of offsets", async () => {
    const file = writeSafetensors({ b: tensor([1], [2]), a: tensor([1], [1]) });
    const log: string[] = [];
    await readSafetensorsStream(readable(file, 5).stream, async (name) => {
      log.push(`begin ${name}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
      log.push(`end ${name}`);
    });
    expect(log).toEqual(["begin a", "end a", "begin b", "end b"]);
  });

  it("does not allocate what a lying header promises", async () => {
    const file = fileOf(`{"a":${f32("[274877906944]", "[0,1099511627776]")}}`, [1, 2, 3, 4, 5, 6, 7, 8]);
    const before = process.memoryUsage().arrayBuffers;
    const result = collect(readable(file, 16).stream);
    await expect(result).rejects.toThrow(
      `file expected 1099511627776 bytes of tensor "a", got its end after ${file.length} bytes`,
    );
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 << 20);
    await expect(collect(readable(file, 16).stream, { byteLength: file.length })).rejects.toThrow(FormatError);
    await expect(collect(readable(fileOf("{}", [], 99_999_999n), 16).stream)).rejects.toThrow(
      "a header of 99999999 bytes",
    );
  });

  it("cancels the stream when the file is refused, when the callback throws, and at the end of the file", async () => {
    const bad = readable(fileOf("[]", new Array(1000).fill(0)), 16);
    await expect(collect(bad.stream)).rejects.toThrow(FormatError);
    expect(bad.state.cancelled).toBe(true);
    expect(bad.stream.locked).toBe(false);

    const file = writeSafetensors({ a: tensor([1], [1]), b: tensor([1000], new Array(1000).fill(0)) });
    const stopped = readable(file, 16);
    const stop = new Error("enough");
    const thrower = readSafetensorsStream(stopped.stream, () => {
      throw stop;
    });
    await expect(thrower).rejects.toBe(stop);
    expect(stopped.state.cancelled).toBe(true);

    const trailing = readable(Uint8Array.from([...file, ...new Array(100).fill(1)]), 16);
    await expect(collect(trailing.stream)).rejects.toThrow(`file expected ${file.length} bytes, got more`);
    expect(trailing.state.cancelled).toBe(true);
  });

  it("passes the stream's own error through", async () => {
    const lost = new TypeError("connection lost");
    const file = writeSafetensors({ a: tensor([1], [1]) });
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(file.subarray(0, 20));
      },
      pull(controller) {
        controller.error(lost);
      },
    });
    await expect(collect(stream)).rejects.toBe(lost);
  });

  it("refuses what is no stream of bytes", async () => {
    await expect(readSafetensorsStream(new Uint8Array(8) as never, () => {})).rejects.toThrow(ArgumentError);
    await expect(readSafetensorsStream(undefined as never, () => {})).rejects.toThrow(
      "a ReadableStream or AsyncIterable",
    );
    async function* words() {
      yield "text";
    }
    await expect(readSafetensorsStream(words() as never, () => {})).rejects.toThrow(
      'chunk expected a Uint8Array, got "text"',
    );
  });
});

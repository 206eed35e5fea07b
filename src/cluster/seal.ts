/** Proof of origin: whoever lacks the secret makes no message or value that anybody accepts. */
import { createHash, createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { expectation, FormatError } from "../core/errors.js";

/** Bytes of HMAC-SHA-256. */
export const SEAL = 32;

export const sha256 = (...parts: (string | Uint8Array)[]): string => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
};

/**
 * Seals by HMAC-SHA-256 (RFC 2104) with a key of the cluster's own (HKDF, RFC 5869). What a text or value is for is sealed with it: the
 * kind of message, or the key where a value stands, which names run, step and shard. So none passes for another.
 */
export class Seals {
  readonly #key: Uint8Array;

  constructor(secret: string, name: string) {
    this.#key = new Uint8Array(hkdfSync("sha256", secret, name, "resnet-wasm/cluster", SEAL));
  }

  #sum(kind: string, parts: readonly Uint8Array[]): Buffer {
    const mac = createHmac("sha256", this.#key).update(`${kind}\0`);
    for (const part of parts) mac.update(part);
    return mac.digest();
  }

  /** The seal of bytes. */
  of(kind: string, ...parts: Uint8Array[]): Buffer {
    return this.#sum(kind, parts);
  }

  /** Throws `FormatError` where a seal is not that of these bytes. */
  expect(kind: string, seal: Uint8Array, ...parts: Uint8Array[]): void {
    if (seal.byteLength === SEAL && timingSafeEqual(seal, this.#sum(kind, parts))) return;
    const hint = "Somebody without the cluster's secret has written it, or with another one";
    throw new FormatError(expectation("cluster", kind, "the seal of this cluster's secret", "another", { hint }));
  }

  /** A message as text. */
  write(kind: string, message: object): string {
    const text = JSON.stringify(message);
    return this.#sum(kind, [Buffer.from(text)]).toString("hex") + text;
  }

  /** Throws `FormatError` on a message that is too long or has another seal. */
  read<T>(kind: string, sealed: unknown, most: number): T {
    if (typeof sealed !== "string" || sealed.length > most) {
      const got = typeof sealed === "string" ? `${sealed.length}` : typeof sealed;
      throw new FormatError(expectation("cluster", kind, `text of at most ${most} characters`, got));
    }
    const text = sealed.slice(2 * SEAL);
    this.expect(kind, Buffer.from(sealed.slice(0, 2 * SEAL), "hex"), Buffer.from(text));
    return JSON.parse(text) as T;
  }
}

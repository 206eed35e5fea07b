/** Where files of a training are kept: one interface, which own stores implement as well. */
import { ArgumentError, describe, expectation, StoreError } from "../core/errors.js";
import { hasMethod } from "../core/keys.js";
import { isTagged } from "../core/tag.js";

/** Gives back what was taken. */
export type Release = () => Promise<void>;

/**
 * Keeps files by name, each whole: after `write` was broken off at any moment, by an error, a kill or a power cut, `read`
 * gives the bytes of before or the new ones. A store of one's own, of an object storage for example, is any object with
 * these methods. Names have letters, digits, `_`, `-` and `.`, at most 200, and do not begin with a dot.
 */
export interface Store {
  /** The bytes of this name; undefined where there are none. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Replaces what has this name. Resolves when the bytes are kept for good. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** All names, in any order. */
  list(): Promise<string[]>;
  /** Does nothing where there is no such name. */
  delete(name: string): Promise<void>;
  /**
   * Takes the store for one that writes, until the function that it gives is called. Throws `StoreError` while another has
   * it: a second tab or process, or a second fit of this one. A store without it leaves that to its user.
   */
  lock?(): Promise<Release>;
}

/** Whether something is a store. */
export const isStore = (value: unknown): value is Store =>
  (["read", "write", "list", "delete"] as const).every((name) => hasMethod(value, name));

/** Whether every store can have a file of this name. */
export const isName = (name: unknown): name is string => typeof name === "string" && /^\w[\w.-]{0,199}$/.test(name);

/** Throws `ArgumentError` on another name. */
export function expectName(where: string, name: unknown): string {
  if (isName(name)) return name;
  const expected = "letters, digits, _, - and ., at most 200, not a dot first";
  throw new ArgumentError(expectation(where, "name", expected, describe(name)));
}

/** Throws `ArgumentError` where there are no bytes. */
export function expectBytes(where: string, bytes: unknown): Uint8Array {
  if (isTagged(bytes, "Uint8Array")) return bytes;
  throw new ArgumentError(expectation(where, "bytes", "a Uint8Array", describe(bytes)));
}

/** The refusal of a store that somebody else has. */
export const inUse = (where: string, holder: string, hint?: string): StoreError =>
  new StoreError(expectation(where, "store", "one that nobody else writes to", `one in use by ${holder}`, { hint }));

/** Who has a store may write one file only, or be ending: how often, and how long between (ms), it is waited for. */
export const TRIES = 10;
export const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));

/** The lock of one store object: its own writes share it, another object's do not. */
export class Sharing {
  readonly #where: string;
  readonly #take: () => Promise<Release>;
  /** Whether somebody has it for longer than one write. */
  #locked = false;
  #users = 0;
  #held: Promise<Release> | null = null;
  /** The end of the last one's giving back. */
  #given: Promise<unknown> = Promise.resolve();

  /** `take` gets the lock from all others. */
  constructor(where: string, take: () => Promise<Release>) {
    this.#where = where;
    this.#take = take;
  }

  async #join(): Promise<Release> {
    this.#users++;
    this.#held ??= this.#given.then(() => this.#take());
    const held = this.#held;
    let left = false;
    const leave = async () => {
      if (left) return;
      left = true;
      if (--this.#users > 0) return;
      this.#held = null;
      const given = held.then((release) => release());
      this.#given = given.catch(() => {});
      await given;
    };
    return held.then(
      () => leave,
      (error) => {
        if (--this.#users === 0) this.#held = null;
        throw error;
      },
    );
  }

  /** What `Store.lock` does. */
  async lock(): Promise<Release> {
    if (this.#locked) throw inUse(this.#where, "another fit of this process");
    this.#locked = true;
    try {
      const leave = await this.#join();
      return () => {
        this.#locked = false;
        return leave();
      };
    } catch (error) {
      this.#locked = false;
      throw error;
    }
  }

  /** Does something for which nobody else may write. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    const leave = await this.#join();
    try {
      return await work();
    } finally {
      await leave();
    }
  }
}

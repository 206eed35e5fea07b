// Junk for everything that can be called: a typed error of bounded length or a result, within seconds, and nothing that is left
// hanging, unheard or broken. What an argument itself throws may pass as it is.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Philox } from "../../../src/core/random.js";
import { anyJunk, isOwn } from "../junk.js";
import { BASES, makeWorld, PLAUSIBLE } from "./bases.js";
import { exported, hasMethods, isClass, loadEntries, methodsOf, type Subject } from "./subjects.js";

const MAX_MS = 5000;
const LONGEST_MESSAGE = 1000;
/** A state dict that does not fit is told name by name, 60 lines at most. */
const LONGEST_LIST = 15_000;
const MAX_BYTES = 2 ** 30;

/**
 * What the library itself asks of layers, losses, optimisers, schedules and callbacks, with what it made itself; and what is
 * called without arguments, or ends what is examined.
 */
const NOT_CALLED =
  /\.(build|record|args|scalars|toJSON|toString|dispose|constructor|plain|engine|use|own|prepareStep|runStep|takePart|dropParts|lossFor|ownSettings|expectFits|nameClasses|named|call|targetShape|weigh|recordLoss|fitFor|on(Begin|Step|Epoch|End)|nameOf|op|layer|isFrozen|expect)$/;

/** What would take longer than a call may, as its page says: measuring for six seconds. */
function tamed(name: string, given: unknown[]): unknown[] {
  if (name !== "doctor: doctor") return given;
  const [options, ...rest] = given;
  try {
    return [
      Object(options) === options || options === undefined ? { reading: false, ...Object(options) } : options,
      ...rest,
    ];
  } catch {
    return [{ reading: false }];
  }
}

export interface ArgumentReport {
  subjects: number;
  calls: number;
  refused: number;
  slowestMs: number;
  /** The longest message of an error, and whose. */
  longest: [length: number, name: string];
  failures: string[];
}

interface Settled {
  error?: unknown;
  value?: unknown;
  ms: number;
}

const isTyped = (error: unknown, kinds: readonly (new (...given: never[]) => Error)[]): error is Error =>
  kinds.some((kind) => error instanceof kind);

export async function fuzzArguments(
  root: URL,
  { calls, seed, only = /./, trace }: { calls: number; seed: number; only?: RegExp; trace?: (line: string) => void },
): Promise<ArgumentReport> {
  const entries = await loadEntries(root);
  // Some of them write files.
  const folder = mkdtempSync(join(tmpdir(), "junk-"));
  const before = process.cwd();
  process.chdir(folder);
  const random = new Philox(seed, 7);
  const report: ArgumentReport = { subjects: 0, calls: 0, refused: 0, slowestMs: 0, longest: [0, ""], failures: [] };
  const kinds = Object.values(entries)
    .map(({ ResnetWasmError }) => ResnetWasmError as new () => Error)
    .filter(Boolean);
  let world = await makeWorld(entries, root);
  const failed = new Set<string>();
  const fail = (name: string, given: unknown[], why: string, error?: unknown) => {
    const stack = error instanceof Error ? `\n    ${String(error.stack).split("\n").slice(0, 4).join("\n    ")}` : "";
    const key = `${name} ${why}`;
    if (!failed.has(key)) report.failures.push(`${name}(${given.map(shown).join(", ")}): ${why}${stack}`);
    failed.add(key);
  };
  const unheard = (error: unknown) => fail("unhandled rejection", [], String(error), error);
  process.on("unhandledRejection", unheard);

  const settle = async (subject: Subject, given: unknown[]): Promise<Settled> => {
    const start = performance.now();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let stopper: ReturnType<typeof setTimeout> | undefined;
    try {
      const result = subject.call(...given);
      if (!(result instanceof Promise)) return { value: result, ms: performance.now() - start };
      stopper = setTimeout(() => world.stop.abort(), 300);
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error("no answer")), MAX_MS);
      });
      const value = await Promise.race([result, late]);
      return { value, ms: performance.now() - start };
    } catch (error) {
      return { error, ms: performance.now() - start };
    } finally {
      clearTimeout(timer);
      clearTimeout(stopper);
      if (world.stop.signal.aborted) world.stop = new AbortController();
    }
  };

  const attempt = async (subject: Subject, wild: unknown[]): Promise<Settled> => {
    const given = tamed(subject.name, wild);
    const before = process.memoryUsage().arrayBuffers;
    report.calls++;
    trace?.(`${subject.name}(${given.map(shown).join(", ")})`);
    const settled = await settle(subject, given);
    const { error, value, ms } = settled;
    report.slowestMs = Math.max(report.slowestMs, ms);
    if (ms > MAX_MS) fail(subject.name, given, `${Math.round(ms)} ms`);
    const taken = process.memoryUsage().arrayBuffers - before;
    if (taken > MAX_BYTES) fail(subject.name, given, `took ${taken} bytes`);
    if (error !== undefined) {
      report.refused++;
      if (!isTyped(error, kinds)) {
        if (!isOwn(error)) fail(subject.name, given, `untyped ${String((error as Error)?.name)}`, error);
      } else {
        const { length } = error.message;
        if (length > report.longest[0]) report.longest = [length, subject.name];
        if (length > (error.name === "StateDictError" ? LONGEST_LIST : LONGEST_MESSAGE))
          fail(subject.name, given, `a message of ${length} letters`, error);
      }
    }
    if (error === undefined && isModel(value) && !Object.values(world).includes(value)) await value.dispose();
    return settled;
  };

  /** The names of options, which the error about an unknown one lists. */
  const optionsOf = async (subject: Subject, given: unknown[], at: number): Promise<string[]> => {
    const asked = [...given];
    asked[at] = { ...Object(given[at]), [UNKNOWN]: 1 };
    const { error } = await attempt(subject, asked);
    const [, names] = /option expected (.*?), got "[^"]*"/.exec(String((error as Error)?.message)) ?? [];
    return names?.split(", ") ?? [];
  };

  const baseOf = (name: string) => BASES[name] ?? BASES[name.replace(/^(new )?[\w-]+: /, "")];

  const examine = async (subject: Subject): Promise<unknown[]> => {
    report.subjects++;
    const made: unknown[] = [];
    let base = baseOf(subject.name);
    for (let i = 0; i < calls / 4 && !base; i++) {
      const picks = Array.from({ length: random.integer(3) }, () => PLAUSIBLE[random.integer(PLAUSIBLE.length)]!);
      const given = picks.map((pick) => pick(world));
      const { error, value } = await attempt(subject, given);
      if (error !== undefined) continue;
      made.push(value);
      if (i > calls / 8) base = (w) => picks.map((pick) => pick(w));
    }
    if (base) {
      const { error, value } = await attempt(subject, base(world));
      if (error === undefined) made.push(value);
      const given = base(world);
      const records = await Promise.all(
        Array.from({ length: given.length + 1 }, (_, at) =>
          isPlain(given[at]) ? optionsOf(subject, base!(world), at) : [],
        ),
      );
      for (let i = 0; i < calls / 2; i++) {
        const args = base(world);
        const at = random.integer(args.length + 1);
        const names = records[at] ?? [];
        if (names.length > 0 && random.integer(4) > 0) {
          const name = names[random.integer(names.length)]!;
          args[at] = { ...Object(args[at]), [name]: anyJunk(random) };
        } else args[at] = anyJunk(random);
        await attempt(subject, args);
      }
    }
    for (let i = 0; i < calls / 2; i++)
      await attempt(
        subject,
        Array.from({ length: random.integer(5) }, () => anyJunk(random)),
      );
    return made;
  };

  /** Models go on after whatever was refused; where a call has ended one, all begin anew. */
  const expectAlive = async (name: string): Promise<void> => {
    const inputs = { model: 4, images: 48, predictor: 4, remote: 4 } as const;
    for (const [key, size] of Object.entries(inputs) as [keyof typeof inputs, number][]) {
      const call = async () => world[key].predict(new Float32Array(size));
      trace?.(`${name}: is ${key} alive?`);
      const { error, value } = await settle({ name, call }, []);
      if (error === undefined && (value as { shape: number[] }).shape[0] === 1) continue;
      fail(name, [], `${key} no longer predicts`, error);
      trace?.(`${name}: all anew`);
      world = await makeWorld(entries, root);
      return;
    }
  };

  const chosen = (subject: Subject) =>
    (/progress/.test(subject.name) || !NOT_CALLED.test(subject.name)) && only.test(subject.name);
  const seen = new Set<unknown>();
  const visit = async (subjects: Subject[]): Promise<void> => {
    for (const subject of subjects.filter(chosen)) {
      const made = await examine(subject);
      await expectAlive(subject.name);
      for (const value of made.filter(hasMethods).slice(0, 1)) {
        const kind = isClass(value.constructor) ? value.constructor : subject.name;
        if (seen.has(kind)) continue;
        seen.add(kind);
        await visit(methodsOf(`${subject.name}()`, () => value));
      }
    }
  };
  for (const key of [
    "model",
    "images",
    "trainer",
    "predictor",
    "remote",
    "remoteTrainer",
    "dataset",
    "transform",
  ] as const) {
    if (!world[key]) continue;
    seen.add(world[key].constructor);
    await visit(methodsOf(key, () => world[key]));
  }
  for (const [entry, module] of Object.entries(entries)) await visit(exported(entry, module));
  await new Promise((resolve) => setTimeout(resolve, 50));
  process.off("unhandledRejection", unheard);
  await world.remote?.dispose();
  process.chdir(before);
  rmSync(folder, { recursive: true });
  return report;
}

const isModel = (value: unknown): value is { dispose(): unknown } =>
  typeof value === "object" && value !== null && isClass(value.constructor) && "dispose" in value;

const UNKNOWN = "no such option";
function isPlain(value: unknown): boolean {
  try {
    return value === undefined || Object.getPrototypeOf(value) === Object.prototype;
  } catch {
    return false;
  }
}

function shown(value: unknown): string {
  try {
    if (typeof value === "function") return "ƒ";
    const text = typeof value === "object" ? (JSON.stringify(value) ?? "?") : String(value);
    return `${text.slice(0, 60)}${typeof value === "object" ? ` (${Object.prototype.toString.call(value)})` : ""}`;
  } catch {
    return `(${typeof value})`;
  }
}

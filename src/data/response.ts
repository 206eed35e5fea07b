/** Answers of servers. */
import { DataError, expectation, ResnetWasmError } from "../core/errors.js";
import { messageOf } from "../core/thrown.js";

/** The bytes of an answer of `address`. */
export async function readResponse(
  where: string,
  address: string,
  response: Response,
  { signal, maxBytes }: { signal?: AbortSignal | undefined; maxBytes: number },
): Promise<Uint8Array> {
  const fail = (expected: unknown, got: unknown): DataError =>
    new DataError(expectation(where, `answer of ${address}`, expected, got));
  try {
    if (!response.ok) throw fail("200", response.status);
    const claimed = Number(response.headers.get("content-length"));
    if (claimed > maxBytes) throw fail(`at most ${maxBytes} bytes`, claimed);
    const parts: Uint8Array[] = [];
    let length = 0;
    const reader = response.body?.getReader();
    if (!reader) throw fail("a body", "none");
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      length += value.length;
      if (length <= maxBytes) continue;
      await reader.cancel();
      throw fail(`at most ${maxBytes} bytes`, "more");
    }
    const bytes = new Uint8Array(length);
    for (let at = 0, i = 0; i < parts.length; at += parts[i++].length) bytes.set(parts[i], at);
    if (looksLikePage(bytes)) throw fail("the file", "a web page");
    return bytes;
  } catch (error) {
    throw notWhole(where, address, signal, error);
  }
}

/** What broke a download off: the caller's own reason and errors of this library as they are. */
export function notWhole(where: string, address: string, signal: AbortSignal | undefined, error: unknown): unknown {
  if (signal?.aborted || error instanceof ResnetWasmError) return error;
  const message = messageOf(error);
  const { cause }: { cause?: unknown } = Object(error);
  const got = cause instanceof Error ? `${message}: ${cause.message}` : message;
  return new DataError(expectation(where, `answer of ${address}`, "a whole file", got), { cause: error });
}

/** Servers answer with a page where a file is not, sign-ins of networks do it everywhere. */
const looksLikePage = (bytes: Uint8Array): boolean =>
  /^\s*<(!doctype html|html)/i.test(String.fromCharCode(...bytes.subarray(0, 64)));

/**
 * The zip archives of torch.save: entries stored as they are, one for each storage.
 * https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, sections 4.3.7 (local header), 4.3.12 (central
 * directory), 4.3.14 to 4.3.16 (its end, and the one for 64 bits), 4.5.3 (the extra field for 64 bits).
 */
import { ability } from "../../core/ability.js";
import { crc32 } from "../../core/crc32.js";
import { describe } from "../../core/errors.js";
import { MAX_TENSORS } from "../limits.js";
import { formatError, type Origin } from "../safetensors-header.js";

export interface Archive {
  names: string[];
  /** The bytes of an entry, a view of the archive; undefined where there is none of that name. */
  take(name: string): Uint8Array | undefined;
}

interface Entry {
  /** Undefined where they are compressed. */
  bytes: Uint8Array | undefined;
  checksum: number;
}

/** "PK" and two digits. */
const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
/** Sizes of the headers without names and extra fields. */
const LOCAL_SIZE = 30;
const CENTRAL_SIZE = 46;
const END_SIZE = 22;
const LOCATOR64_SIZE = 20;

/** Reads the directory; the bytes stay where they are. */
export function readArchive(bytes: Uint8Array, origin: Origin): Archive {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fail = (expected: string, got: unknown) => formatError(origin, "zip archive", expected, got);
  const u16 = (at: number) => view.getUint16(at, true);
  const u32 = (at: number) => view.getUint32(at, true);
  const u64 = (at: number) => u32(at) + u32(at + 4) * 2 ** 32;

  // The end has a comment of up to 65,535 bytes.
  let end = bytes.length - END_SIZE;
  const first = Math.max(0, end - 0xffff);
  while (end >= first && !(u32(end) === END && end + END_SIZE + u16(end + 20) === bytes.length)) end--;
  if (end < first) throw fail("a directory", "none. Is the file cut off?");
  let count = u16(end + 10);
  let start = u32(end + 16);
  if (count === 0xffff || start === 0xffffffff) {
    const at = end < LOCATOR64_SIZE ? end : u64(end - LOCATOR64_SIZE + 8);
    if (at + 56 > end) throw fail("a directory in 64 bits", `byte ${at}`);
    count = u64(at + 32);
    start = u64(at + 48);
  }
  if (count > 2 * MAX_TENSORS) throw fail(`at most ${2 * MAX_TENSORS} entries`, count);

  const entries = new Map<string, Entry>();
  for (let i = 0, at = start; i < count; i++) {
    const outside = (what: unknown) => fail(`entry ${i} within the file`, what);
    if (at + CENTRAL_SIZE > end || u32(at) !== CENTRAL) throw outside(`its header at ${at}`);
    const nameEnd = at + CENTRAL_SIZE + u16(at + 28);
    const next = nameEnd + u16(at + 30) + u16(at + 32);
    if (next > end) throw outside(`its name up to ${next}`);
    const name = new (ability("readPytorch", "TextDecoder"))().decode(bytes.subarray(at + CENTRAL_SIZE, nameEnd));
    // size, stored size, offset; in 64 bits, in this order, where 32 do not hold them.
    const numbers = [u32(at + 24), u32(at + 20), u32(at + 42)];
    for (let extra = nameEnd; extra + 4 <= next; extra += 4 + u16(extra + 2)) {
      if (u16(extra) !== 1) continue;
      let field = extra + 4;
      numbers.forEach((number, k) => {
        if (number !== 0xffffffff || field + 8 > next) return;
        numbers[k] = u64(field);
        field += 8;
      });
    }
    const [size, stored, header] = numbers as [number, number, number];
    if (header + LOCAL_SIZE > start || u32(header) !== LOCAL) throw outside(`its data at ${header}`);
    const begin = header + LOCAL_SIZE + u16(header + 26) + u16(header + 28);
    if (begin + stored > start) throw outside(`${stored} bytes at ${begin}`);
    if (entries.has(name)) throw fail("each entry once", `${describe(name)} again`);
    // Neither compressed (method) nor encrypted (a flag).
    const isPlain = u16(at + 10) === 0 && stored === size && (u16(at + 8) & 1) === 0;
    entries.set(name, { bytes: isPlain ? bytes.subarray(begin, begin + size) : undefined, checksum: u32(at + 16) });
    at = next;
  }
  const take = (name: string) => {
    const entry = entries.get(name);
    if (!entry) return undefined;
    const { bytes, checksum } = entry;
    if (!bytes) throw fail("entries stored as torch.save does", `${describe(name)} compressed or encrypted`);
    // Absent (0) in files written under torch.serialization.set_crc32_options(False), and after it was checked.
    if (checksum !== 0 && checksum !== crc32(bytes))
      throw fail(`entry ${describe(name)} with the checksum ${checksum}`, "another. Is the file damaged?");
    entry.checksum = 0;
    return bytes;
  };
  return { names: [...entries.keys()], take };
}

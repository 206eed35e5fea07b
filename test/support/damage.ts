// Files that are damaged at random, the same for the same seed.
import type { Philox } from "../../src/core/random.js";

/** One to eight changes: bits flipped, bytes set to telling values, parts cut out, doubled, moved or lost at the end. */
export function damaged(file: Uint8Array, random: Philox): Uint8Array {
  let bytes = Array.from(file);
  const at = (): number => random.integer(Math.max(1, bytes.length));
  for (let changes = 1 + random.integer(8); changes > 0; changes--) {
    const [from, length] = [at(), 1 + random.integer(16)];
    switch (random.integer(7)) {
      case 0:
        bytes[from] ^= 1 << random.integer(8);
        break;
      case 1:
        bytes[from] = [0, 1, 0x7f, 0x80, 0xfe, 0xff][random.integer(6)];
        break;
      case 2:
        bytes[from] = random.integer(256);
        break;
      case 3:
        bytes.splice(from, length);
        break;
      case 4:
        bytes.splice(from, 0, ...bytes.slice(from, from + 16 * length));
        break;
      case 5:
        bytes.splice(at(), 0, ...bytes.splice(from, length));
        break;
      default:
        if (random.integer(4) === 0) bytes = bytes.slice(0, from);
    }
  }
  return Uint8Array.from(bytes);
}

/**
 * Entropy-coded data of JPEG: bits, most significant first, and Huffman codes. Sections are those of ITU-T T.81 (1992).
 */
import { Damage } from "../damage.js";

/** Codes of up to this many bits are found by one look into a table. */
const LOOK = 9;

/** A table of Huffman codes: codes of one length are consecutive numbers, longer codes continue (Annex C). */
export class HuffmanTable {
  /** For the next LOOK bits: code length · 256 + symbol; 0 where the code is longer, or none. */
  readonly look = new Uint16Array(1 << LOOK);
  /** By length: one more than its last code. */
  readonly end = new Int32Array(17);
  /** By length: index of a code's symbol minus the code. */
  readonly offset = new Int32Array(17);

  /** `counts[i]` codes of i + 1 bits, for `symbols` in order. */
  constructor(
    counts: Uint8Array,
    readonly symbols: Uint8Array,
  ) {
    let code = 0;
    let index = 0;
    for (let length = 1; length <= 16; length++, code <<= 1) {
      const count = counts[length - 1];
      this.offset[length] = index - code;
      for (let i = 0; i < count; i++, code++, index++) {
        if (code >> length) throw new Damage("Huffman table", `at most ${2 ** length} codes of ${length} bits`, "more");
        if (length > LOOK) continue;
        const first = code << (LOOK - length);
        this.look.fill((length << 8) | symbols[index], first, first + (1 << (LOOK - length)));
      }
      this.end[length] = code;
    }
  }
}

/** Reads bits from `at` on, up to the next marker; after it come zeros, which `check` refuses. */
export class BitReader {
  /** The next bits are the lower `count` bits of `word`. */
  private word = 0;
  private count = 0;
  /** How many of these bits are zeros from after the marker. */
  private invented = 0;

  constructor(
    private readonly bytes: Uint8Array,
    /** Next byte to read; a marker is never passed. */
    public at: number,
  ) {}

  /** At least 25 bits. */
  private fill(): void {
    while (this.count <= 24) {
      let byte = this.bytes[this.at];
      if (byte === undefined || (byte === 0xff && this.bytes[this.at + 1] !== 0)) {
        byte = 0;
        this.invented += 8;
      } else this.at += byte === 0xff ? 2 : 1; // a data byte 255 is followed by a stuffed 0 (F.1.2.3)
      this.word = (this.word << 8) | byte;
      this.count += 8;
    }
  }

  /** Throws when more was read than there is. */
  check(): void {
    if (this.invented > this.count) throw new Damage("scan", "more data", `its end at byte ${this.at}`);
  }

  /** The next `length` bits, 1 to 16, as a number. */
  bits(length: number): number {
    if (this.count < length) this.fill();
    this.count -= length;
    return (this.word >>> this.count) & ((1 << length) - 1);
  }

  /** A signed number of `size` bits, 0 to 15: below half its range it stands for a negative one (F.2.2.1, EXTEND). */
  signed(size: number): number {
    if (size === 0) return 0;
    const value = this.bits(size);
    return value < 1 << (size - 1) ? value + 1 - (1 << size) : value;
  }

  /** The symbol of the next code (F.2.2.3). */
  symbol(table: HuffmanTable): number {
    if (this.count < 16) this.fill();
    const entry = table.look[(this.word >>> (this.count - LOOK)) & ((1 << LOOK) - 1)];
    if (entry > 0) {
      this.count -= entry >> 8;
      return entry & 255;
    }
    for (let length = LOOK + 1; length <= 16; length++) {
      const code = (this.word >>> (this.count - length)) & ((1 << length) - 1);
      if (code >= table.end[length]) continue;
      this.count -= length;
      return table.symbols[code + table.offset[length]];
    }
    this.check();
    throw new Damage("scan", "Huffman codes of its table", `another at byte ${this.at}`);
  }

  /** Goes on after restart marker RST0 + `number`, at a byte's boundary (F.2.2.4, RESET). */
  restart(number: number): void {
    this.check();
    const { bytes } = this;
    while (bytes[this.at] === 0xff && bytes[this.at + 1] === 0xff) this.at++;
    if (bytes[this.at] !== 0xff || bytes[this.at + 1] !== 0xd0 + number)
      throw new Damage("scan", `restart marker ${number} at byte ${this.at}`, "none");
    this.at += 2;
    this.count = this.invented = 0;
  }
}

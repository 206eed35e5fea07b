/**
 * jax-js on its WebAssembly backend. It takes as many workers as there are cores where SharedArrayBuffer exists; told that
 * there is one core it uses one thread.
 */
if (typeof navigator === "object") Object.defineProperty(navigator, "hardwareConcurrency", { value: 1 });
const jax = await import("@jax-js/jax");
await jax.init("wasm");
jax.defaultDevice("wasm");

export { jax };

/** `jit` where it pays: it merges a convolution with its neighbours and then computes those anew for every tap. */
export const compile = ({ net }, f) => (net === "fc" ? jax.jit(f) : f);

export const version = "jax-js 0.1.25";

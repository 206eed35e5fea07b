/**
 * V8's flag for vectors of 256 bits and the kernels in eight bits: where V8 joins vectors of these, it ends the process
 * ("unreachable code", Node 24 and 26). A process has the one or the other, whatever copies of this module it has.
 */
const KEY: unique symbol = Symbol.for("resnet-wasm: wide or int8");

type Kind = "wide" | "int8";

const claims = globalThis as { [KEY]?: Kind };

/** Whether the process may have this kind, which it then has. */
export function claimVectors(kind: Kind): boolean {
  const { execArgv, env, versions } = globalThis.process;
  // Deno would ask for a permission.
  const isFlagged =
    kind === "int8" && !versions.deno && /wasm[-_]revectorize/.test(`${execArgv} ${env["NODE_OPTIONS"]}`);
  if (isFlagged || (claims[KEY] !== undefined && claims[KEY] !== kind)) return false;
  claims[KEY] = kind;
  return true;
}

/** After wide kernels that were tried and do not pay. */
export function releaseVectors(): void {
  delete claims[KEY];
}

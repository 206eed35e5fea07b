/** Whether a model takes kernels of 256 bits. Loaded where `wide` is asked for. */
import type { Group } from "../abi/records.js";
import { expectation, RuntimeSupportError } from "../core/errors.js";
import type { Host } from "../runtime/host.js";
import type { Settings } from "./options.js";
import type { ModelInfo } from "./predictor.js";

/**
 * The module with them; undefined where there are none or they do not pay, which `info` tells. Throws `RuntimeSupportError` where
 * they were asked for without condition and there are none.
 */
export async function chooseWide(
  where: string,
  host: Host,
  settings: Settings,
  shared: boolean,
  group: Group,
  info: ModelInfo,
): Promise<WebAssembly.Module | undefined> {
  const variant = info.relaxedSimd ? "relaxed" : "simd";
  const always = settings.wide === true;
  const narrow = always ? undefined : () => host.kernels(variant, shared, group);
  let found: WebAssembly.Module | string;
  if (settings.wasm) found = "the kernels are your own";
  else if (group === "int8") found = "there are none for eight bits";
  else found = (await host.wide?.(variant, shared, narrow)) ?? "this entry has none outside of Node's main thread";
  info.wide = typeof found !== "string";
  if (typeof found !== "string") {
    info.why += "; wide kernels: by V8's experimental flag revectorize";
    return found;
  }
  if (always) throw new RuntimeSupportError(expectation(where, "wide", "wide kernels", `none: ${found}`));
  info.why += `; no wide kernels: ${found}`;
  return undefined;
}

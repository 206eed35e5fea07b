// A process has kernels in eight bits or V8's flag for wide ones, not both: V8 would end it.
import { afterEach, expect, it } from "vitest";
import { claimVectors, releaseVectors } from "../../../src/hosts/node/vectors.js";

afterEach(() => {
  releaseVectors();
  delete process.env["NODE_OPTIONS"];
});

it("is of the kind that came first, until that is given up", () => {
  expect([claimVectors("int8"), claimVectors("int8"), claimVectors("wide")]).toEqual([true, true, false]);
  releaseVectors();
  expect([claimVectors("wide"), claimVectors("wide"), claimVectors("int8")]).toEqual([true, true, false]);
});

it.each(["--experimental-wasm-revectorize", "--experimental_wasm_revectorize"])("hears of %s", (flag) => {
  process.env["NODE_OPTIONS"] = flag;
  expect([claimVectors("int8"), claimVectors("wide")]).toEqual([false, true]);
});

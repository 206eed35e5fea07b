// memoryStore.
import { describe } from "vitest";
import { memoryStore } from "../../../src/stores/stores.js";
import { keepsFiles } from "./contract.js";

describe("memoryStore", () => {
  keepsFiles(() => memoryStore() as never);
});

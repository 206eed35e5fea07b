// A part of the package that does not come: a file that is gone, a network that fails.
import { expect, it } from "vitest";
import { RuntimeSupportError } from "../../../src/core/errors.js";
import { demanded } from "../../../src/core/on-demand.js";

it("hands out what has come", async () => {
  expect(await demanded("save", Promise.resolve(3))).toBe(3);
});

it("tells of what has not, with the cause and the cure", async () => {
  const cause = new TypeError("Failed to fetch dynamically imported module: https://example.org/part.js");
  const error = await demanded("save", Promise.reject(cause)).catch((thrown: unknown) => thrown as Error);
  expect(error).toBeInstanceOf(RuntimeSupportError);
  expect(error).toMatchObject({
    cause,
    message: expect.stringMatching(/^save: part expected .*, got .*part\.js\. Service workers/),
  });
});

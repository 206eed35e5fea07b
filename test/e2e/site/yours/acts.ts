// What a visitor of "Your own" does, for its tests.
import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";

/** Draws lines across the board, from point to point in parts of its side. */
export async function drawLine(page: Page, ...points: [number, number][]): Promise<void> {
  await page.locator("#board").scrollIntoViewIfNeeded();
  const { x, y, width, height } = (await page.locator("#board").boundingBox())!;
  await page.mouse.move(x + points[0][0] * width, y + points[0][1] * height);
  await page.mouse.down();
  for (const [px, py] of points) await page.mouse.move(x + px * width, y + py * height, { steps: 4 });
  await page.mouse.up();
}

export const standing = (page: Page, i: number) => drawLine(page, [0.3 + 0.04 * i, 0.1], [0.32 + 0.04 * i, 0.9]);
export const lying = (page: Page, i: number) => drawLine(page, [0.12, 0.3 + 0.04 * i], [0.88, 0.32 + 0.04 * i]);

/** Starts the training, with few steps where one can choose, and waits for its end. */
export async function train(page: Page): Promise<void> {
  if (await page.locator("#duration").count()) await page.selectOption("#duration", "short");
  await page.click("#train");
  await done(page);
}
export const done = (page: Page) => page.waitForSelector("#verdict", { timeout: 120_000 });

/** Share of right answers, 0 to 100. */
export const right = async (page: Page): Promise<number> =>
  Number(/\d+/.exec(await page.locator("#verdict").innerText())?.[0]);

/** Waits until the text of what the selector finds fits; says what it was where it never does. */
async function says(page: Page, selector: string, text: RegExp): Promise<void> {
  const found = page.locator(selector);
  const until = Date.now() + 60_000;
  while (!text.test((await found.textContent()) ?? "")) {
    if (Date.now() > until) throw new Error(`${selector} says ${await found.textContent()}, not ${text}`);
    await page.waitForTimeout(50);
  }
}
export const saysStatus = (page: Page, text: RegExp) => says(page, ".status", text);
export const saysAnswer = (page: Page, text: RegExp) => says(page, "#answer", text);

/** What a click on the button of a format downloads. */
export async function exported(page: Page, format: string): Promise<Uint8Array<ArrayBuffer>> {
  const coming = page.waitForEvent("download");
  await page.getByRole("button", { name: `Export .${format}` }).click();
  return new Uint8Array(await readFile(await (await coming).path()));
}

export const file = (name: string, content: string | Uint8Array) => ({
  name,
  mimeType: "",
  buffer: typeof content === "string" ? Buffer.from(content) : Buffer.from(content),
});

// Pages of the built site in Chromium, as people see them: three widths, light and dark, under the policy.
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { type PreviewServer, preview } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launch, NO_BROWSER } from "../browser/chromium.js";

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const built = existsSync(fromRoot("build/site/index.html"));
export const NO_SITE = NO_BROWSER || (built ? "" : "skipped: no build/site; npm run site makes it");

export const WIDTHS = [390, 820, 1400] as const;
export const SCHEMES = ["light", "dark"] as const;
/** A phone lies upright. */
const HEIGHTS: Record<(typeof WIDTHS)[number], number> = { 390: 844, 820: 1180, 1400: 900 };

const screenshots = fromRoot("build/screenshots");
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export interface Opened {
  page: Page;
  /** Errors of the page, warnings of the console, what the policy blocked, requests to elsewhere. Must stay empty. */
  problems: string[];
}

interface Site {
  browser: Browser;
  /** Ends in a slash. */
  url: string;
  /** Opens a page of the site, such as "index.html?seed=3". */
  open(path: string, options?: BrowserContextOptions & { waitFor?: string }): Promise<Opened>;
}

/** The site's server and a browser, for the tests of one file. Call it in the body of the file. */
export function useSite(...flags: string[]): Site {
  const site = {} as Site;
  let server: PreviewServer;
  beforeAll(async () => {
    if (NO_SITE) return;
    mkdirSync(screenshots, { recursive: true });
    server = await preview({
      configFile: fromRoot("site/vite.config.ts"),
      logLevel: "error",
      preview: { port: 0, host: "127.0.0.1" },
    });
    const address = server.httpServer.address() as { port: number };
    site.url = `http://127.0.0.1:${address.port}/`;
    site.browser = await launch(...flags);
  });
  afterAll(async () => {
    await site.browser?.close();
    await server?.close();
  });
  site.open = async (path, { waitFor = "h1", ...options } = {}) => {
    const page = await site.browser.newPage(options);
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) problems.push(message.text());
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(site.url) && !request.url().startsWith("blob:")) problems.push(request.url());
    });
    page.on("requestfailed", (request) => problems.push(`${request.url()}: ${request.failure()?.errorText}`));
    await page.addInitScript(() => {
      addEventListener("securitypolicyviolation", (event) =>
        console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`),
      );
    });
    await page.goto(site.url + path);
    await page.waitForSelector(waitFor);
    return { page, problems };
  };
  return site;
}

/** What axe finds, as sentences. */
export async function axe(page: Page): Promise<string[]> {
  // Evaluated by the debugger, which no policy binds.
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: AxeViolation[] }> } };
    interface AxeViolation {
      id: string;
      help: string;
      nodes: { html: string }[];
    }
    const { violations } = await axe.run();
    return violations.flatMap(({ id, help, nodes }) =>
      nodes.map(({ html }) => `${id}: ${help}: ${html.slice(0, 200)}`),
    );
  });
}

/** Keeps what the window shows, or with `full` the whole page, in build/screenshots. */
export async function screenshot(page: Page, name: string, { full = true } = {}): Promise<void> {
  await page.screenshot({ path: `${screenshots}/${name}.png`, fullPage: full });
}

interface CheckOptions {
  /** Name of the screenshots. */
  name: string;
  /** Brings the page into the state that is looked at: trained, opened, … */
  prepare?: (page: Page) => Promise<void>;
  waitFor?: string;
  language?: "en" | "zh";
}

/** Three widths times two schemes: nothing wider than the window, no findings of axe, no problems, a screenshot kept. */
export function checkPage(site: Site, path: string, { name, prepare, waitFor, language = "en" }: CheckOptions): void {
  const cases = WIDTHS.flatMap((width) => SCHEMES.map((colorScheme) => ({ width, colorScheme })));
  describe.skipIf(NO_SITE)(`${name} (${NO_SITE || "Chromium"})`, () => {
    it.each(cases)("is whole at $width pixels, $colorScheme", async ({ width, colorScheme }) => {
      const { page, problems } = await site.open(path, {
        colorScheme,
        viewport: { width, height: HEIGHTS[width] },
        hasTouch: width === 390,
        locale: language,
        waitFor,
      });
      await prepare?.(page);
      await screenshot(page, `${name}-${language}-${width}-${colorScheme}`);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      expect(await page.evaluate(() => document.documentElement.lang)).toBe(language);
      expect(await axe(page)).toEqual([]);
      expect(problems).toEqual([]);
      await page.close();
    });
  });
}

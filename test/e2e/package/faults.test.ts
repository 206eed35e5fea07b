// Programs that stand for faults which were seen (../shared/faults): each exits 0 on the packed package.
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NO_BROWSER } from "../browser/chromium.js";
import { type Packed, packAndInstall, root } from "./pack.js";

const run = promisify(execFile);
const folder = join(root, "../shared/faults");
const NONE = existsSync(folder) ? "" : `skipped: no ${folder}`;
const programs = NONE ? [] : readdirSync(folder).filter((name) => /^\d\d-.*\.mjs$/.test(name));
/** What they import beside the package. */
const OTHERS = ["jpeg-js", "fast-png", "iobuffer", "fflate", "playwright-core"];

describe.skipIf(NONE)(`programs of seen faults (${NONE || `${programs.length} found`})`, () => {
  let packed: Packed;
  beforeAll(() => {
    packed = packAndInstall();
    cpSync(folder, packed.app, { recursive: true });
    mkdirSync(join(packed.app, "files"), { recursive: true });
    for (const name of OTHERS) {
      const own = join(packed.app, "node_modules", name);
      if (!existsSync(own) && existsSync(join(root, "node_modules", name)))
        symlinkSync(join(root, "node_modules", name), own);
    }
  });
  afterAll(() => packed?.remove());

  it.each(programs)("%s", { timeout: 120_000 }, async (program) => {
    if (NO_BROWSER && program.startsWith("09")) return;
    const env = { ...process.env, TRY_DIR: packed.app };
    const { stdout } = await run(process.execPath, [program], { cwd: packed.app, env });
    expect(stdout).toMatch(/^(console: .*\n)*RIGHT:/);
  });

  it("are all there", () => {
    expect(programs.length).toBeGreaterThanOrEqual(16);
  });
});

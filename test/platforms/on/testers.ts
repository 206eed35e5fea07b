/** Test runners: the program within a test, which writes down what it found. */
import { readFileSync } from "node:fs";
import { guide } from "../guides.js";
import type { Outcome, Platform } from "../platform.js";
import { run } from "../process.js";
import type { Project } from "../project.js";

const TEST = (imports: string, part: string) => `${imports}import { writeFileSync } from "node:fs";
import { ${part} } from "./program/outcome.js";

test("the program", async () => {
  writeFileSync("outcome.json", JSON.stringify(await ${part}()));
}, 60_000);
`;
const found = ({ path }: Project): Outcome => JSON.parse(readFileSync(path("outcome.json"), "utf8"));

const jest = (
  name: string,
  title: string,
  config: object,
  flags: readonly string[],
  packages: readonly string[],
): Platform => ({
  name,
  title,
  packages: ["jest@30", ...packages],
  files: {
    "app.test.js": TEST("", "outcome"),
    "jest.setup.js": guide("jest.setup.js"),
    "jest.config.json": JSON.stringify({ testMatch: ["**/app.test.js"], ...config }),
    "babel.config.json": JSON.stringify({ presets: [["@babel/preset-env", { targets: { node: "current" } }]] }),
  },
  modes: {
    test: async (project) => {
      const { folder, path } = project;
      await run(process.execPath, [...flags, path("node_modules/jest/bin/jest.js"), "--config", "jest.config.json"], {
        cwd: folder,
      });
      return found(project);
    },
  },
});
const FLAGS = ["--experimental-vm-modules", "--no-warnings"];
const ESM = { transform: {} };
const BABEL = ["@babel/core@7", "@babel/preset-env@7", "babel-jest@30"];

const vitest = (environment: "node" | "jsdom" | "happy-dom"): Platform => ({
  name: `vitest-${environment}`,
  title: `Vitest, ${environment}`,
  packages: ["vitest@4", ...(environment === "node" ? [] : [environment])],
  files: { "app.test.js": TEST(`import { test } from "vitest";\n`, "outcome") },
  modes: {
    test: async (project) => {
      await project.bin("vitest", ["run", "--environment", environment]);
      return found(project);
    },
  },
});

export const testers: Platform[] = [
  jest("jest", "Jest, --experimental-vm-modules", ESM, FLAGS, []),
  jest("jest-babel", "Jest, Babel", {}, FLAGS, BABEL),
  {
    ...jest("jest-jsdom", "Jest, jsdom", { ...ESM, testEnvironment: "jsdom", setupFiles: ["./jest.setup.js"] }, FLAGS, [
      "jest-environment-jsdom@30",
    ]),
    noWorkers: "jsdom starts no workers",
  },
  vitest("node"),
  vitest("jsdom"),
  vitest("happy-dom"),
];

// The main job, `npm start`, in a configuration of seconds: its table, its report, and its refusals.
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launch, NO_BROWSER } from "../browser/chromium.js";
import { type Outcome, runExample } from "./run.js";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "degradation-"));
});
afterAll(() => rm(folder, { recursive: true }));

const job = (...args: string[]) => runExample("degradation/main.js", args);

/** Numbers of the table's lines: depth, plain loss, plain accuracy, residual loss, residual accuracy. */
function tableRows(stdout: string): number[][] {
  const rows = stdout.matchAll(/^ *(\d+) +([\d.]+) +([\d.]+) % +([\d.]+) +([\d.]+) %$/gm);
  return [...rows].map((row) => row.slice(1).map(Number));
}

/** An idx file as MNIST has them, packed. */
function idx(shape: number[], values: (i: number) => number): Buffer {
  const header = new Uint8Array(4 + 4 * shape.length);
  header.set([0, 0, 8, shape.length]);
  for (const [i, size] of shape.entries()) new DataView(header.buffer).setUint32(4 + 4 * i, size);
  const count = shape.reduce((a, b) => a * b, 1);
  return gzipSync(Buffer.concat([header, Uint8Array.from({ length: count }, (_, i) => values(i))]));
}

describe("npm start on glyphs", () => {
  let outcome: Outcome;
  let html = "";
  beforeAll(async () => {
    const out = join(folder, "report.html");
    outcome = await job("--samples", "3000", "--depths", "2,24", "--seed", "3", "--out", out);
    html = await readFile(out, "utf8");
  });

  it("ends well and draws its progress on stderr, a line per epoch and net", () => {
    expect(outcome.code).toBe(0);
    expect(outcome.stderr.match(/epoch 2\/2/g)).toHaveLength(4);
  });

  it("prints a row for each depth, in which the deep residual net has learnt more than its plain twin", () => {
    const rows = tableRows(outcome.stdout);
    expect(rows.map(([depth]) => depth)).toEqual([2, 24]);
    const [, [, plainLoss, plainAccuracy, residualLoss, residualAccuracy]] = rows;
    expect(residualLoss).toBeLessThan(0.8 * plainLoss);
    expect(residualAccuracy).toBeGreaterThan(plainAccuracy);
  });

  it("says so in three sentences, in the terminal and in the report", () => {
    const sentences = outcome.stdout
      .split("\n")
      .filter((line) => /^(With|Without|The gradient|At the start)/.test(line));
    expect(sentences).toHaveLength(3);
    expect(sentences[1]).toMatch(/With skip connections the same 24 layers reach .* times lower than without/);
    const text = html.replaceAll("&amp;", "&").replaceAll("&#39;", "'");
    for (const sentence of sentences) expect(text).toContain(sentence);
  });

  it.skipIf(NO_BROWSER)(`shows all of the report on a phone (Chromium; ${NO_BROWSER || "found"})`, async () => {
    const browser = await launch();
    const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
    await page.setContent(html);
    const widths = await page.evaluate(() => [
      innerWidth - document.documentElement.scrollWidth,
      ...[...document.querySelectorAll(".scroll")].map((box) => box.clientWidth - box.scrollWidth),
    ]);
    expect(widths.length).toBeGreaterThanOrEqual(2);
    expect(widths.filter((room) => room < 0)).toEqual([]);
    await browser.close();
  });

  it("writes a report that needs nothing else: no scripts, no other files, no network", () => {
    expect(html).toMatch(/^<!doctype html>/);
    expect(html).not.toMatch(/<script|<link|@import|url\(http|src="(?!data:)/);
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
  });

  it("draws loss and gradients of every net, with a title and a description for each chart", () => {
    const charts = html.match(/<svg[^>]*role="img"[\s\S]*?<\/svg>/g) ?? [];
    expect(charts).toHaveLength(2 + 2 * 2);
    for (const chart of charts) {
      expect(chart).toMatch(/<title id="[^"]+">\d+ hidden layers<\/title><desc id="[^"]+">[^<]{20,}<\/desc>/);
      expect(chart.match(/<path class="line (plain|residual)"/g)).toHaveLength(2);
    }
    expect(html).toContain("prefers-color-scheme: dark");
    expect(html).toMatch(/<img [^>]*alt="[^"]+"/);
  });

  it("gives the same numbers for the same seed", async () => {
    const again = await job("--samples", "3000", "--depths", "24", "--seed", "3", "--out", join(folder, "again.html"));
    expect(tableRows(again.stdout)[0]).toEqual(tableRows(outcome.stdout)[1]);
  });
});

describe("npm start on idx files", () => {
  it("reads the four packed files of a folder", async () => {
    const parts = { train: 300, t10k: 50 };
    for (const [part, count] of Object.entries(parts)) {
      // Class c is a bright bar in row 2 c.
      const pixel = (i: number) => (Math.floor((i % 784) / 28) === 2 * (Math.floor(i / 784) % 10) ? 250 : i % 7);
      await writeFile(join(folder, `${part}-images-idx3-ubyte.gz`), idx([count, 28, 28], pixel));
      await writeFile(
        join(folder, `${part}-labels-idx1-ubyte.gz`),
        idx([count], (i) => i % 10),
      );
    }
    const out = join(folder, "idx.html");
    const { code, stdout } = await job("--data", folder, "--depths", "2", "--epochs", "8", "--out", out);
    expect(code).toBe(0);
    expect(stdout).toContain("300 training and 50 test images");
    const [[, , plainAccuracy, , residualAccuracy]] = tableRows(stdout);
    expect(Math.min(plainAccuracy, residualAccuracy)).toBeGreaterThan(90);
    expect(await readFile(out, "utf8")).toContain("Images from idx files");
  });
});

describe("npm start with --images", () => {
  let outcome: Outcome;
  let html = "";
  beforeAll(async () => {
    // Records of CIFAR-10: a label, then red, green and blue planes; class c is red in rows of its own.
    const record = (i: number) => {
      const pixel = (p: number) => (p < 1024 && Math.floor(p / 96) === i % 10 ? 250 : (p * 7 + i * 13) % 60);
      return Uint8Array.from([i % 10, ...Array.from({ length: 3072 }, (_, p) => pixel(p))]);
    };
    for (const [file, count] of [
      ["data_batch_1.bin", 160],
      ["test_batch.bin", 40],
    ] as const)
      await writeFile(join(folder, file), Buffer.concat(Array.from({ length: count }, (_, i) => record(i))));
    const out = join(folder, "images.html");
    const dense = ["--samples", "200", "--depths", "2", "--epochs", "1"];
    const images = ["--images", folder, "--image-samples", "150", "--image-depths", "14,8", "--image-epochs", "2"];
    outcome = await job(...dense, ...images, "--threads", "1", "--out", out);
    html = await readFile(out, "utf8");
  }, 100_000);

  it("trains the convolutional twins after the others and prints a table of theirs", () => {
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(outcome.stdout).toContain("CIFAR-10: 150 training and 38 test images, epochs: 2, seed: 0");
    expect(outcome.stderr.match(/epoch 2\/2/g)).toHaveLength(4);
    expect(tableRows(outcome.stdout).map(([depth]) => depth)).toEqual([2, 8, 14]);
    expect(outcome.stdout).toMatch(/With skip connections the same 14 layers reach a training loss of/);
  });

  it("adds a section with its findings, charts and pictures to the one report", () => {
    expect(html.match(/<article>/g)).toHaveLength(1);
    const section = html.slice(html.indexOf("<article>"), html.indexOf("</article>"));
    expect(section).toMatch(/<h2>The same with convolutions: [^<]+14 layers/);
    expect(section).toMatch(/With skip connections the same 14 layers reach/);
    const charts = section.match(/<svg[^>]*role="img"[\s\S]*?<\/svg>/g) ?? [];
    expect(charts).toHaveLength(2 + 2 * 2);
    // One point for each of 13 convolutions and the output layer, none for the normalisations between.
    const [gradients] = charts.filter((chart) => chart.includes("over all 14 layers"));
    expect(gradients.match(/<circle class="plain/g)).toHaveLength(14);
    expect(section).toMatch(/learning rate 0.1 \(by half a cosine to 0\), momentum 0.9, weight decay 0.0001/);
    expect(section).toContain('src="data:image/png;base64,');
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
    expect(html.match(/id="[^"]+"/g)).toHaveLength(new Set(html.match(/id="[^"]+"/g)).size);
  });
});

describe("npm start refuses", () => {
  const cases: [string, string[], RegExp][] = [
    ["an unknown option", ["--epoch", "3"], /Unknown option '--epoch'/],
    ["a stray argument", ["fashion"], /Unexpected argument 'fashion'/],
    ["an option without its value", ["--seed"], /'--seed <value>' argument missing/],
    ["epochs below 1", ["--epochs", "0"], /--epochs expected an integer from 1 to 1000, got "0"/],
    ["a seed that is no number", ["--seed", "x"], /--seed expected an integer .* got "x"/],
    ["a depth of 0", ["--depths", "2,0"], /--depths expected an integer from 1 to 200, got "0"/],
    ["threads in words", ["--threads", "two"], /--threads expected an integer from 1 to 64, got "two"/],
    ["a folder that is not there", ["--data", "no/such/folder"], /--data expected a folder, got "no\/such\/folder"/],
    ["images from a folder that is not there", ["--images", "no/such"], /--images expected a folder, got "no\/such"/],
    ["image options without images", ["--image-epochs", "3"], /--image-epochs expected --images <folder> with it/],
    [
      "a depth that no CIFAR ResNet has",
      ["--images", ".", "--image-depths", "20,54"],
      /--image-depths expected 6n \+ 2, .* got "54"/,
    ],
    ["a report in no folder", ["--out", "no/such/report.html"], /--out expected a file in a folder that exists/],
  ];
  it.each(cases)("%s, with exit code 2 and one line", async (_, args, message) => {
    const { code, stdout, stderr } = await job(...args);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });

  it("a folder without the files, with exit code 1 and the names it looked for, and leaves no report", async () => {
    const empty = await mkdtemp(join(folder, "empty-"));
    const { code, stderr } = await job("--data", empty, "--out", join(empty, "report.html"));
    expect(stderr).toMatch(/DataError: loadMnist: source expected train-images-idx3-ubyte\.gz/);
    expect(code).toBe(1);
    expect(await readdir(empty)).toEqual([]);
  });

  it("a folder without CIFAR's files before anything is trained", async () => {
    const empty = await mkdtemp(join(folder, "empty-"));
    const { code, stdout, stderr } = await job("--images", empty, "--out", join(empty, "report.html"));
    expect(stderr).toMatch(/DataError: loadCifar: source expected data_batch_1\.bin/);
    expect(stdout).toBe("");
    expect(code).toBe(1);
  });

  it("nothing when asked for help", async () => {
    const { code, stdout, stderr } = await job("--help");
    expect(code).toBe(0);
    expect(stderr).toBe("");
    const images = ["images", "image-epochs", "image-depths", "image-samples"];
    for (const option of ["data", "epochs", "seed", "depths", "samples", "out", "threads", ...images])
      expect(stdout).toContain(`--${option} <`);
  });
});

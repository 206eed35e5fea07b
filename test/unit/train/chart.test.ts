// Curves as text and as SVG.
import { describe, expect, it } from "vitest";
import { addPoint, boundsOf, type Series, short } from "../../../src/train/chart/series.js";
import { drawSvg, toText } from "../../../src/train/chart/svg.js";
import { drawText } from "../../../src/train/chart/text.js";

const series = (name: string, points: [number, number][], marked = false): Series => ({ name, points, marked });

describe("series", () => {
  it("keep few points, the newest always, and none that is not finite", () => {
    const all = series("loss", []);
    for (let i = 1; i <= 10_000; i++) addPoint(all, i, 1 / i);
    addPoint(all, 10_001, Number.NaN);
    expect(all.points.length).toBeLessThan(1024);
    expect(all.points.length).toBeGreaterThan(500);
    expect(all.points.at(-1)).toEqual([10_000, 1e-4]);
    expect(all.points.every(([x], i) => i === 0 || x > all.points[i - 1][0])).toBe(true);
  });

  it("have bounds with sides, and numbers in short", () => {
    expect(boundsOf([series("a", [])])).toBeUndefined();
    expect(boundsOf([series("a", [[3, 2]])])).toEqual({ left: 3, right: 4, bottom: 1, top: 3 });
    expect([0, 1, 0.12345, 1234.5, 1e-5, 123456, -2.5].map(short)).toEqual([
      "0",
      "1",
      "0.123",
      "1230",
      "1.0e-5",
      "1.2e+5",
      "-2.5",
    ]);
  });
});

describe("drawText", () => {
  it("draws a falling line and marks, with axes", () => {
    const line = series("loss", [
      [0, 4],
      [10, 2],
      [20, 0],
    ]);
    const marks = series(
      "validation.loss",
      [
        [10, 3],
        [20, 1],
      ],
      true,
    );
    expect(drawText([line, marks], 20, 5)).toBe(
      [
        "4 ┤⠑⠢⢄⡀",
        "  ┤   ⠈⠑⠢⢄⡀  •",
        "2 ┤       ⠈⠑⠢⠤⣀",
        "  ┤            ⠉⠒⠤⣀   •",
        "0 ┤                ⠉⠒⠤⣀",
        "   step 0            20",
        "   ⠒ loss 0   • validation.loss 1",
      ].join("\n"),
    );
    expect(drawText([series("loss", [])], 20, 5)).toBe("");
  });
});

describe("drawSvg", () => {
  it("has an element for each curve and each mark, and escapes names", () => {
    const text = toText(
      drawSvg([
        series(
          'a<b>&"',
          [
            [1, 2],
            [3, 4],
          ],
          true,
        ),
        series("loss", [
          [1, 1],
          [2, 3],
          [3, 2],
        ]),
      ]),
    );
    expect(text.match(/<polyline /g)?.length).toBe(2);
    expect(text.match(/<circle /g)?.length).toBe(2);
    expect(text).toContain("a&lt;b&gt;&amp;&quot; 4");
    expect(text).not.toMatch(/style=|<script|<style/);
    expect(text).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" viewBox="0 0 480 220"/);
  });
});

import { describe, expect, it } from "vitest";
import { Pace } from "../../../src/runtime/pace.js";

/** Runs `count` programs that take `all` ms with two threads and `one` ms with one; returns the threads of each. */
function runs(pace: Pace, count: number, all: number, one: number): number[] {
  return Array.from({ length: count }, () => {
    const threads = pace.threads(2);
    pace.took(threads === 2 ? all : one);
    return threads;
  });
}

const ones = (threads: number[]) => threads.filter((n) => n === 1).length;

describe("the pace of a program", () => {
  it("never tries one thread while all are as fast as they were", () => {
    const pace = new Pace();
    expect(ones(runs(pace, 1000, 5, 9))).toBe(0);
  });

  it("takes one thread when another process makes that the faster one, and all of them when it has gone", () => {
    const pace = new Pace();
    runs(pace, 10, 5, 9);
    expect(runs(pace, 5, 14, 9)).toEqual([2, 2, 2, 1, 1]);
    // Now and then all are tried, ever more seldom.
    const loaded = runs(pace, 1000, 14, 9);
    expect(ones(loaded)).toBeGreaterThan(990);
    expect(ones(loaded)).toBeLessThan(1000);
    const later = runs(pace, 1000, 5, 9);
    expect(later.slice(-700)).toEqual(Array(700).fill(2));
  });

  it("keeps all threads where they are slow, but one is slower still", () => {
    const pace = new Pace();
    runs(pace, 10, 5, 9);
    expect(ones(runs(pace, 1000, 8, 15))).toBe(1);
  });

  it("forgives single slow runs, such as the first ones", () => {
    const pace = new Pace();
    runs(pace, 2, 50, 90);
    for (let i = 0; i < 100; i++) {
      expect(ones(runs(pace, 5, 5, 9))).toBe(0);
      expect(ones(runs(pace, 2, 30, 9))).toBe(0);
    }
  });
});

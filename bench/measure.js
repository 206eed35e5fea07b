/** One group of tasks: its contenders take turns, on the same data, after their results have been compared. */
import { difference } from "./compare.js";
import { median, quartiles } from "./report.js";

const ROUND_MS = 120; // a contender's turn; long enough to refill caches after the one before
const BUDGET_MS = 6000; // a contender that has used as much skips the remaining rounds

async function attempt(row, work) {
  try {
    await work();
  } catch (error) {
    row.error = error.message;
  }
}

async function measureTask(task, places, { rounds, limit, log }) {
  const rows = [];
  for (const { name, where, seat } of places.filter(({ takes }) => !takes || takes(task))) {
    const row = { name, where, seat, rounds: [], spent: 0 };
    rows.push(row);
    await attempt(row, async () => {
      const { version, first, ms } = await seat.call("prepare", task, limit * 1000);
      Object.assign(row, { version, first, ms });
      if (ms > BUDGET_MS) row.only = ms; // too slow to be asked twice
    });
    log(`  ${name} ${where}: ${row.error ?? `${row.ms.toFixed(2)} ms at first`}`);
  }

  // Whoever computes something else is not a contender. Bare micro-kernels have no result.
  const reference = rows.find(({ error, first }) => !error && first.length > 0);
  for (const row of rows)
    if (!row.error && row.first.length > 0)
      row.error = difference(row.first, reference.first, task, reference.name) ?? undefined;

  // The base takes part in every round: ratios are taken with it.
  const base = rows.find(({ error }) => !error);
  const runs = (row) => !row.error && !row.only && (row === base || row.spent < BUDGET_MS || row.rounds.length === 0);
  for (let round = 0; round < rounds; round++)
    for (let i = 0; i < rows.length; i++) {
      const row = rows[(i + round) % rows.length]; // nobody always follows the same neighbour
      if (!runs(row)) continue;
      await attempt(row, async () => {
        const times = await row.seat.call("run", ROUND_MS);
        row.rounds.push(median(times));
        row.best = Math.min(row.best ?? Infinity, ...times);
        row.spent += times.reduce((a, b) => a + b);
      });
    }
  for (const row of rows)
    if (!row.error)
      await attempt(row, async () => {
        row.peakMiB = await row.seat.call("peak");
      });
  return summarize(task, rows);
}

function summarize(task, rows) {
  const base = rows.find(({ error }) => !error);
  const results = rows.map(({ name, where, version, error, rounds, only, best, peakMiB }) => {
    if (error) return { name, where, error };
    const times = only ? [only] : rounds;
    // Ratios are taken within a round, where both saw the same machine.
    const ratios = times.map((ms, i) => ms / (only ? median(base.rounds) : base.rounds[i]));
    const [low, ms, high] = quartiles(times);
    const [ratioLow, ratio, ratioHigh] = quartiles(ratios);
    const spread = { quartiles: [low, high], ratio, ratioQuartiles: [ratioLow, ratioHigh] };
    return { name, where, version, ms, ...spread, best: best ?? only, rounds: times.length, peakMiB };
  });
  return { task, base: `${base.name} ${base.where}`, rows: results };
}

/** `places`: { name, where, takes?, open }; `limit`: seconds for a first result. Resolves to the result of each task. */
export async function measureGroup({ tasks, limit }, places, { rounds, log }) {
  const taking = places.filter(({ takes }) => !takes || tasks.some(takes));
  const open = [];
  const results = [];
  try {
    for (const place of taking) open.push({ ...place, seat: await place.open() });
    for (const task of tasks) {
      log(` ${task.name}`);
      results.push(await measureTask(task, open, { rounds, limit, log }));
    }
  } finally {
    for (const { seat } of open) await seat.close();
  }
  return results;
}

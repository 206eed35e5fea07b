// What the main thread of a page did, from the browser's own trace.
import type { Browser, Page } from "playwright-core";

interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  /** Processor time in microseconds. */
  tdur?: number;
  args?: { name?: string; data?: { frames?: { url: string; processId: number }[] } };
}

/** Milliseconds of processor time of every task on the page's main thread while `work` runs. */
export async function mainThreadTasks(browser: Browser, page: Page, work: () => Promise<void>): Promise<number[]> {
  const categories = ["toplevel", "disabled-by-default-devtools.timeline", "devtools.timeline", "__metadata"];
  await browser.startTracing(page, { categories });
  await work();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  const url = page.url();
  const frames = traceEvents.flatMap(({ args }) => args?.data?.frames ?? []);
  const pid = frames.find((frame) => frame.url === url)?.processId;
  const main = traceEvents.find(
    (event) => event.name === "thread_name" && event.pid === pid && event.args?.name === "CrRendererMain",
  );
  if (!main) throw new Error("the trace does not tell which thread is the page's");
  return traceEvents
    .filter(({ pid, tid, tdur }) => pid === main.pid && tid === main.tid && tdur !== undefined)
    .filter(({ name }) => name.endsWith("RunTask"))
    .map(({ tdur }) => tdur! / 1000);
}

/** How curves are shown. */
import { checked, integer, list, optional, readOptions, type Schema, text } from "../../core/options.js";

/** What a terminal's stream has: `process.stderr` for example. */
export interface PlotStream {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

/** What an element of a page has. */
export interface PlotElement {
  readonly ownerDocument: Document;
  replaceChildren(...nodes: Node[]): void;
}

export interface PlotOptions {
  /** What is shown, "loss" and names as those of monitors. Default ["loss", "validation.loss"]. */
  values?: readonly string[];
  /** Where to draw in a terminal. Default `process.stderr`; a stream that is no terminal gets one picture, at the end. */
  stream?: PlotStream;
  /** Where to draw in a page. Default: an element at the end of the page. */
  element?: PlotElement;
  /** Letters across in a terminal, if it is that wide. Default 72. */
  width?: number;
  /** Lines in a terminal. Default 14. */
  height?: number;
}

const isStream = (value: unknown): value is PlotStream =>
  typeof (value as Partial<PlotStream> | null)?.write === "function";
const isElement = (value: unknown): value is PlotElement =>
  typeof (value as Partial<PlotElement> | null)?.replaceChildren === "function";

const schema = () =>
  ({
    values: optional(list(text), ["loss", "validation.loss"]),
    stream: optional(checked("a stream with write()", isStream)),
    element: optional(checked("an element of a page", isElement)),
    width: integer({ min: 20, default: 72 }),
    height: integer({ min: 4, default: 14 }),
  }) satisfies Schema<PlotOptions>;

export type ReadPlotOptions = ReturnType<typeof readPlotOptions>;
export const readPlotOptions = (options: unknown) => readOptions("plot", options, schema);

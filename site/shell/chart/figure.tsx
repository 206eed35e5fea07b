/** A picture with what belongs to it: title, the same as a table, and saving as SVG or PNG. */
import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { shell } from "../../text/shell.js";
import { download } from "../files.js";
import { toPng, toSvg } from "./save.js";

export interface Table {
  columns: readonly string[];
  /** Made when somebody opens the table. */
  rows: () => readonly (readonly (string | number)[])[];
}

interface FigureProps {
  title: string;
  /** Name of saved files, without ending. */
  name: string;
  table?: Table;
  /** Beside the title: a legend, a switch. */
  aside?: ComponentChildren;
  class?: string;
  /** Holds one <svg> or one <canvas>. A canvas is saved as PNG alone. */
  children: ComponentChildren;
}

export function Figure({ title, name, table, aside, class: extra = "", children }: FigureProps) {
  const t = shell.value;
  const box = useRef<HTMLDivElement>(null);
  const picture = () => box.current?.querySelector<SVGSVGElement | HTMLCanvasElement>("svg, canvas");
  const saveSvg = () => {
    const svg = picture();
    if (svg instanceof SVGSVGElement) download(`${name}.svg`, toSvg(svg), "image/svg+xml");
  };
  const savePng = async () => {
    const shown = picture();
    if (shown) download(`${name}.png`, await toPng(shown), "image/png");
  };
  const [isOpen, setOpen] = useState(false);
  return (
    <figure class={`figure ${extra}`}>
      <figcaption class="figure-title">
        <strong>{title}</strong>
        {aside}
        <details class="figure-more" onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary>
            <span aria-hidden="true">⋯</span>
            <span class="visually-hidden">{t.more(title)}</span>
          </summary>
          {isOpen && (
            <div class="figure-panel">
              <div class="row">
                {t.save}
                {picture() instanceof SVGSVGElement && (
                  <button type="button" onClick={saveSvg}>
                    {t.saveSvg}
                  </button>
                )}
                <button type="button" onClick={() => void savePng()}>
                  {t.savePng}
                </button>
              </div>
              {table && <TableAlternative title={title} table={table} />}
            </div>
          )}
        </details>
      </figcaption>
      <div ref={box}>{children}</div>
    </figure>
  );
}

function TableAlternative({ title, table }: { title: string; table: Table }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section class="figure-scroll" tabIndex={0} aria-label={title}>
      <table>
        <thead>
          <tr>
            {table.columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows().map((row) => (
            <tr key={row[0]}>
              {row.map((cell, i) => (
                <td key={i}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

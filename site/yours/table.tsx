/** A table: from a file, pasted, or made up; and the column that the network is to say. */
import { signal } from "@preact/signals";
import { yours } from "../text/yours.js";
import { call } from "./learner.js";
import { status } from "./state.js";
import type { Preview } from "./worker/protocol.js";

export const csv = signal("");
export const preview = signal<Preview | null>(null);
export const target = signal("");

async function show(text: string): Promise<void> {
  const t = yours.value;
  csv.value = text;
  preview.value = null;
  if (text.trim() === "") return;
  try {
    const found = await call("previewTable", [text]);
    preview.value = found;
    target.value = found.columns.at(-1) ?? "";
  } catch (error) {
    status.value = t.badCsv((error as Error).message);
  }
}

/** Rents follow from size, floor, quarter and balcony, with some chance in them. */
export function sampleTable(): Promise<void> {
  const { columns, quarters, yes, no } = yours.value.flats;
  const rows = Array.from({ length: 240 }, (_, i) => {
    const [size, floor, quarter] = [20 + ((i * 37) % 90), (i * 7) % 5, (i * 11) % 3];
    const hasBalcony = (i * 13) % 4 === 0;
    const chance = ((i * 7919) % 101) - 50;
    const rent = Math.round(9 * size * (quarter === 2 ? 1.6 : 1) + 15 * floor + (hasBalcony ? 80 : 0) + chance);
    return [size, floor, quarters[quarter], hasBalcony ? yes : no, rent].join(",");
  });
  return show([columns.join(","), ...rows].join("\n"));
}

export function TablePanel() {
  const t = yours.value;
  return (
    <div class="yours-table">
      <div class="row">
        <label class="button">
          {t.openCsv}
          <input
            class="visually-hidden"
            id="csv"
            type="file"
            accept=".csv,.tsv,.txt,text/csv"
            onChange={async ({ currentTarget }) => {
              const [file] = currentTarget.files ?? [];
              if (file) await show(await file.text());
              currentTarget.value = "";
            }}
          />
        </label>
      </div>
      <label class="paste">
        <span>{t.paste}</span>
        <textarea
          rows={3}
          spellcheck={false}
          value={preview.value ? "" : csv.value}
          onChange={({ currentTarget }) => void show(currentTarget.value)}
        />
      </label>
      {preview.value && <Rows preview={preview.value} />}
    </div>
  );
}

function Rows({ preview: { columns, rows, length } }: { preview: Preview }) {
  const t = yours.value;
  return (
    <>
      <p class="note">{t.rows(length)}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <section class="scroll" tabIndex={0} aria-label={t.rows(length)}>
        <table>
          <thead>
            <tr>
              {columns.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, i) => (
              <tr key={i}>
                {row.map((field, c) => (
                  <td key={columns[c]}>{field ?? "–"}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <label class="field">
        <span>{t.target}</span>
        <select
          id="target"
          value={target.value}
          onChange={({ currentTarget }) => {
            target.value = currentTarget.value;
          }}
        >
          {columns.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}

/** The network as a file, in this browser, and back. */
import { idbStore } from "resnet-wasm";
import { download } from "../../shell/files.js";
import { yours } from "../../text/yours.js";
import { call } from "../learner.js";
import { classes, nameOf, newClass } from "../pictures/state.js";
import { kind, known, learned, running, status } from "../state.js";
import { FORMATS, type Format } from "../worker/formats.js";
import { type Known, SIDE } from "../worker/protocol.js";

const TYPES: Record<Format, string> = {
  safetensors: "application/octet-stream",
  onnx: "application/octet-stream",
  wasm: "application/wasm",
};
const PIXELS = SIDE * SIDE * 3;
const store = () => idbStore("yours");

async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    status.value = yours.value.failed((error as Error).message);
  }
}

const save = (format: Format) =>
  attempt(async () => download(`yours.${format}`, await call("exportModel", [format]), TYPES[format]));

/** Shows a model that was opened, under the tab of its kind. */
async function show(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const t = yours.value;
  try {
    const found: Known = await call("openModel", [bytes]);
    learned.value = null;
    known.value = found;
    kind.value = found.kind;
    const what = found.classNames.length > 0 ? found.classNames.join(", ") : found.columns.join(", ");
    status.value = t.openedModel(name, what);
  } catch (error) {
    status.value = t.badModel(name, (error as Error).message);
  }
}

/** The network, and the pictures that it learned from: a byte for the kind, then its pixels. */
const keep = () =>
  attempt(async () => {
    const kept = store();
    await kept.write("model", await call("exportModel", ["safetensors"]));
    const list = classes.value.flatMap(({ pictures }, label) => pictures.map((pixels) => ({ label, pixels })));
    const packed = new Uint8Array(list.length * (1 + PIXELS));
    list.forEach(({ label, pixels }, i) => {
      packed[i * (1 + PIXELS)] = label;
      packed.set(pixels, i * (1 + PIXELS) + 1);
    });
    await kept.write("names", new TextEncoder().encode(JSON.stringify(classes.value.map(nameOf))));
    await kept.write("pictures", packed);
    status.value = yours.value.kept;
  });

const takeBack = () =>
  attempt(async () => {
    const kept = store();
    const [model, names, packed] = await Promise.all(["model", "names", "pictures"].map((name) => kept.read(name)));
    if (!model) {
      status.value = yours.value.noneKept;
      return;
    }
    if (names && packed) {
      const list = (JSON.parse(new TextDecoder().decode(names)) as string[]).map((name) => newClass(name));
      for (let at = 0; at < packed.length; at += 1 + PIXELS)
        list[packed[at]].pictures.push(packed.slice(at + 1, at + 1 + PIXELS));
      classes.value = list;
    }
    await show(yours.value.keepHere, new Uint8Array(model));
  });

export function Keep() {
  const t = yours.value;
  const hasNone = !known.value || running.value !== null;
  return (
    <>
      <div class="row">
        {FORMATS.map((format) => (
          <button key={format} type="button" disabled={hasNone} onClick={() => void save(format)}>
            {t.export} {t.formats[format]}
          </button>
        ))}
      </div>
      <div class="row">
        <label class="button">
          {t.open}
          <input
            class="visually-hidden"
            id="open"
            type="file"
            accept=".safetensors"
            disabled={running.value !== null}
            onChange={async ({ currentTarget }) => {
              const [file] = currentTarget.files ?? [];
              if (file) await show(file.name, new Uint8Array(await file.arrayBuffer()));
              currentTarget.value = "";
            }}
          />
        </label>
        <button type="button" disabled={hasNone} onClick={() => void keep()}>
          {t.keepHere}
        </button>
        <button type="button" disabled={running.value !== null} onClick={() => void takeBack()}>
          {t.takeBack}
        </button>
      </div>
      <p class="note">{t.formatHelp}</p>
    </>
  );
}

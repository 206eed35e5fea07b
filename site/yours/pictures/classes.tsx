/** The kinds of pictures: names, pictures, and the cards that show them. */
import { useEffect, useRef } from "preact/hooks";
import { yours } from "../../text/yours.js";
import { status } from "../state.js";
import { paint } from "./pixels.js";
import { type Class, classes, look, MOST_CLASSES, nameOf, newClass, readFile } from "./state.js";

const THUMBS = 12;

/** Changes one kind, and with it the list. */
const update = (id: number, change: (old: Class) => Partial<Class>) => {
  classes.value = classes.value.map((each) => (each.id === id ? { ...each, ...change(each) } : each));
};

/** Puts what is looked at into the kind at this place. */
export function addPicture(place: number): void {
  const target = classes.value[place];
  if (!target) return;
  const picture = look();
  const t = yours.value;
  if (!picture) status.value = t.nothing;
  else {
    update(target.id, ({ pictures }) => ({ pictures: [...pictures, picture] }));
    status.value = `${nameOf(target, place)}: ${t.pictures(target.pictures.length + 1)}.`;
  }
}

async function addFiles({ id }: Class, files: Iterable<File>): Promise<void> {
  const refused: string[] = [];
  for (const file of files) {
    try {
      const picture = await readFile(file);
      update(id, ({ pictures }) => ({ pictures: [...pictures, picture] }));
    } catch {
      refused.push(file.name);
    }
  }
  if (refused.length > 0) status.value = yours.value.notPicture(refused.join(", "));
}

export function Classes() {
  const t = yours.value;
  return (
    <div>
      <ol class="kinds">
        {classes.value.map((each, place) => (
          <Card key={each.id} each={each} place={place} />
        ))}
      </ol>
      <button
        type="button"
        disabled={classes.value.length >= MOST_CLASSES}
        onClick={() => {
          classes.value = [...classes.value, newClass("")];
        }}
      >
        {t.addClass}
      </button>
    </div>
  );
}

function Card({ each, place }: { each: Class; place: number }) {
  const t = yours.value;
  const name = nameOf(each, place);
  return (
    <li class="kind">
      <div class="kind-head">
        <input
          type="text"
          value={each.name}
          placeholder={t.defaultName(place + 1)}
          maxLength={24}
          aria-label={t.className(place + 1)}
          onInput={({ currentTarget }) => update(each.id, () => ({ name: currentTarget.value.trim() }))}
        />
        <button
          type="button"
          class="icon"
          disabled={classes.value.length <= 2}
          aria-label={t.remove(name)}
          onClick={() => {
            classes.value = classes.value.filter(({ id }) => id !== each.id);
          }}
        >
          ×
        </button>
      </div>
      <div class="row">
        <button type="button" aria-keyshortcuts={String(place + 1)} onClick={() => addPicture(place)}>
          {t.addPicture} <kbd>{place + 1}</kbd>
          <span class="visually-hidden">{t.addPictureTo(name)}</span>
        </button>
        <label class="button">
          {t.addFiles}
          <input
            class="visually-hidden"
            type="file"
            multiple
            accept="image/*"
            aria-label={t.addFilesTo(name)}
            onChange={async ({ currentTarget }) => {
              await addFiles(each, currentTarget.files ?? []);
              currentTarget.value = "";
            }}
          />
        </label>
        <span class="note">{t.pictures(each.pictures.length)}</span>
      </div>
      <div class="thumbs" aria-hidden="true">
        {each.pictures.slice(-THUMBS).map((pixels, i) => (
          <Thumbnail key={each.pictures.length - i} pixels={pixels} />
        ))}
      </div>
    </li>
  );
}

export function Thumbnail({ pixels, side = 56 }: { pixels: Uint8Array; side?: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (canvas.current) paint(canvas.current, pixels);
  }, [pixels]);
  return <canvas ref={canvas} class="thumb" width={side} height={side} />;
}

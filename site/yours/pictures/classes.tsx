/** The kinds of pictures: names, pictures, and the cards that show them. */
import { useEffect, useRef } from "preact/hooks";
import { yours } from "../../text/yours.js";
import { Kinds } from "../kinds.js";
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
  return (
    <Kinds<Class> kinds={classes} most={MOST_CLASSES} make={() => newClass("")} nameOf={nameOf}>
      {(each, place) => <Pictures each={each} place={place} />}
    </Kinds>
  );
}

function Pictures({ each, place }: { each: Class; place: number }) {
  const t = yours.value;
  const name = nameOf(each, place);
  return (
    <>
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
    </>
  );
}

export function Thumbnail({ pixels, side = 56 }: { pixels: Uint8Array; side?: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (canvas.current) paint(canvas.current, pixels);
  }, [pixels]);
  return <canvas ref={canvas} class="thumb" width={side} height={side} />;
}

/** Choosing a picture, and what each filter of a layer makes of it. */
import { Figure } from "../../shell/chart/figure.js";
import { lab } from "../../text/lab.js";
import type { Look } from "../core/look.js";
import { KINDS, type Kind } from "../core/nets.js";
import { begun, chooseLayer, choosePicture, layer, notice, openPicture, picture, snapshot } from "../state.js";
import { Pixels } from "./pixels.js";

export function PictureChoice() {
  const t = lab.value.pictures;
  const pictures = begun.value?.pictures;
  if (!pictures) return null;
  const { index, name, label } = picture.value;
  const open = async (input: HTMLInputElement) => {
    const file = input.files?.[0];
    input.value = "";
    if (file && !(await openPicture(file))) notice.value = t.badPicture(file.name);
  };
  return (
    <section class="card lab-choice" aria-label={t.choose}>
      <label>
        {t.choose}{" "}
        <select value={String(index ?? "own")} onChange={(event) => choosePicture(Number(event.currentTarget.value))}>
          {index === null && <option value="own">{t.opened(name)}</option>}
          {[...pictures.labels].map((own, i) => (
            <option key={i} value={String(i)}>
              {t.picture(i + 1, own)}
            </option>
          ))}
        </select>
      </label>
      <label class="button">
        {t.open}
        <input
          type="file"
          accept="image/*"
          class="visually-hidden"
          onChange={(event) => void open(event.currentTarget)}
        />
      </label>
      {label !== null && <span>{t.truth(label)}</span>}
      <span class="lab-note">{t.cam}</span>
    </section>
  );
}

export function FeatureMaps() {
  const t = lab.value.pictures;
  const [run, now] = [begun.value, snapshot.value];
  if (!run?.pictures || !now?.looks) return null;
  const { looks } = now;
  return (
    <section class="lab-section">
      <h2>{t.title}</h2>
      <p>{t.intro}</p>
      <label>
        {t.layer}{" "}
        <select value={layer.value} onChange={(event) => chooseLayer(event.currentTarget.value)}>
          {run.nets.residual.maps.map((path) => (
            <option key={path}>{path}</option>
          ))}
        </select>
      </label>
      <div class="lab-pair">
        {KINDS.map((kind) => (
          <Maps key={kind} kind={kind} maps={looks[kind].maps} />
        ))}
      </div>
    </section>
  );
}

/** Pixels of a row of maps. */
const ROW = 240;

function Maps({ kind, maps: { side, count, data } }: { kind: Kind; maps: Look["maps"] }) {
  const t = lab.value.pictures;
  const columns = Math.ceil(Math.sqrt(count));
  const rows = Math.ceil(count / columns);
  const place = side + 1;
  const colour = (x: number, y: number) => {
    const map = Math.floor(y / place) * columns + Math.floor(x / place);
    const [u, v] = [x % place, y % place];
    if (u === side || v === side || map >= count) return [127, 127, 127] as const;
    const grey = data[map * side * side + v * side + u];
    return [grey, grey, grey] as const;
  };
  const title = t.maps(lab.value.kinds[kind], layer.value);
  const mean = (map: number) => {
    const own = data.subarray(map * side * side, (map + 1) * side * side);
    return (own.reduce((a, b) => a + b, 0) / own.length / 255).toFixed(2);
  };
  const table = () => Array.from({ length: count }, (_, map) => [map + 1, mean(map)]);
  return (
    <Figure title={title} name={`${kind}-maps`} table={{ columns: [t.map, t.mean], rows: table }} class="card">
      <Pixels
        width={columns * place - 1}
        height={rows * place - 1}
        zoom={Math.max(1, Math.round((2 * ROW) / (columns * place)))}
        label={title}
        colour={colour}
      />
    </Figure>
  );
}

/** Where pictures come from, and the kinds that they are put into. */
import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { yours } from "../../text/yours.js";
import { status } from "../state.js";
import { Classes } from "./classes.js";
import { crop } from "./pixels.js";
import { board, changes, type Origin, origin, still, video } from "./state.js";

const ORIGINS: readonly Origin[] = ["draw", "camera", "file"];

export function Pictures() {
  return (
    <div class="yours-data">
      <Looking />
      <Classes />
    </div>
  );
}

function Looking() {
  const t = yours.value;
  return (
    <div class="yours-looking">
      <fieldset class="choices">
        <legend class="visually-hidden">{t.source}</legend>
        {ORIGINS.map((each) => (
          <label key={each}>
            <input
              type="radio"
              name="origin"
              checked={origin.value === each}
              onChange={() => {
                origin.value = each;
                changes.value++;
              }}
            />
            <span>{t[each]}</span>
          </label>
        ))}
      </fieldset>
      {origin.value === "draw" && <DrawingBoard />}
      {origin.value === "camera" && <Camera />}
      {origin.value === "file" && <Still />}
    </div>
  );
}

function DrawingBoard() {
  const t = yours.value;
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => (canvas.current ? board.attach(canvas.current) : undefined), []);
  return (
    <>
      <canvas
        ref={canvas}
        class="stage"
        id="board"
        width={280}
        height={280}
        tabIndex={0}
        role="img"
        aria-label={t.board}
        aria-describedby="board-help"
      />
      <div class="row">
        <button type="button" onClick={() => board.wipe()}>
          {t.wipe}
        </button>
      </div>
      <p id="board-help" class="note">
        {t.boardHelp}
      </p>
    </>
  );
}

function Camera() {
  const t = yours.value;
  const element = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    let stream: MediaStream | undefined;
    let isGone = false;
    const open = async () => {
      // Without a secure context there is no such thing as mediaDevices.
      stream = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240 } });
      if (isGone || !element.current) return stop();
      element.current.srcObject = stream;
      await element.current.play();
      video.value = element.current;
    };
    const stop = () => {
      for (const track of stream?.getTracks() ?? []) track.stop();
      video.value = null;
    };
    open().catch(() => {
      if (isGone) return;
      origin.value = "draw";
      status.value = yours.value.cameraRefused;
    });
    return () => {
      isGone = true;
      stop();
    };
  }, []);
  return (
    <>
      <video
        ref={element}
        class="stage"
        id="video"
        width={280}
        height={280}
        muted
        playsInline
        aria-label={t.cameraPicture}
      />
      <p class="note">{t.cameraHelp}</p>
    </>
  );
}

function Still() {
  const t = yours.value;
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(
    () =>
      effect(() => {
        const context = canvas.current?.getContext("2d");
        if (context && still.value) crop(context, still.value);
      }),
    [],
  );
  const open = async (input: HTMLInputElement) => {
    const [file] = input.files ?? [];
    if (!file) return;
    try {
      still.value = await createImageBitmap(file);
      changes.value++;
    } catch {
      status.value = t.notPicture(file.name);
    }
    input.value = "";
  };
  return (
    <>
      <canvas ref={canvas} class="stage" width={280} height={280} role="img" aria-label={t.filePicture} />
      <label class="button">
        {t.choosePicture}
        <input
          class="visually-hidden"
          id="file"
          type="file"
          accept="image/*"
          onChange={({ currentTarget }) => void open(currentTarget)}
        />
      </label>
    </>
  );
}

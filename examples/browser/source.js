// @ts-check
// Where the current picture comes from: the board, the camera or a file.
import { Board } from "./board.js";
import { element } from "./dom.js";
import { SIDE } from "./networks.js";

/** @typedef {"draw" | "camera" | "file"} Kind */

export class Source {
  /** @type {Kind} */
  kind = "draw";
  #board;
  #video = /** @type {HTMLVideoElement} */ (element("video"));
  #still = /** @type {HTMLCanvasElement} */ (element("still"));
  /** @type {MediaStream | null} */
  #stream = null;
  #scaled = new OffscreenCanvas(SIDE, SIDE);
  #say;

  /**
   * @param {() => void} changed
   * @param {(text: string) => void} say
   */
  constructor(changed, say) {
    this.#say = say;
    this.#board = new Board(/** @type {HTMLCanvasElement} */ (element("board")), changed);
    for (const input of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("[name=source]")))
      input.addEventListener("change", () => this.#choose(/** @type {Kind} */ (input.value), changed));
    element("wipe").addEventListener("click", () => this.#board.wipe());
    const file = /** @type {HTMLInputElement} */ (element("file"));
    file.addEventListener("change", async () => {
      if (!file.files?.[0]) return;
      try {
        crop(context(this.#still), await createImageBitmap(file.files[0]));
        changed();
      } catch {
        say(`${file.files[0].name} is not a picture that this browser can read.`);
      }
      file.value = "";
    });
    crop(context(this.#still), null);
  }

  wipe() {
    this.#board.wipe();
  }

  /** Shows the board and gives it the focus. */
  focus() {
    /** @type {HTMLInputElement} */ (document.querySelector("[name=source][value=draw]")).click();
    element("board").focus();
  }

  /** @param {CanvasImageSource} image drawn onto the board */
  show(image) {
    this.#board.show(image);
  }

  /** The picture as bytes, SIDE x SIDE, red, green and blue; null while the camera has none. */
  read() {
    if (this.kind === "camera" && this.#video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null;
    const image = { draw: this.#board.picture, camera: this.#video, file: this.#still }[this.kind];
    return pixels(this.#scaled, image);
  }

  /** Whether anything is on it. */
  get isEmpty() {
    const picture = this.read();
    return !picture || picture.every((value) => value === picture[0]);
  }

  /**
   * @param {Kind} kind
   * @param {() => void} changed
   */
  async #choose(kind, changed) {
    this.kind = kind;
    const visible = {
      board: "draw",
      "draw-tools": "draw",
      "board-help": "draw",
      video: "camera",
      "camera-help": "camera",
    };
    for (const [id, owner] of Object.entries({ ...visible, still: "file", choose: "file" }))
      element(id).hidden = owner !== kind;
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    if (kind === "camera") await this.#openCamera();
    changed();
  }

  async #openCamera() {
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240 } });
      this.#video.srcObject = this.#stream;
      await this.#video.play();
    } catch (error) {
      this.#say(`The camera cannot be used: ${/** @type {Error} */ (error).message}.`);
    }
  }
}

/** @param {HTMLCanvasElement} canvas */
const context = (canvas) => /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));

/**
 * Fills a square with the middle of an image, or with black.
 * @param {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} target
 * @param {CanvasImageSource | null} image
 */
function crop(target, image) {
  const { width, height } = target.canvas;
  target.fillStyle = "#000";
  target.fillRect(0, 0, width, height);
  if (!image) return;
  const { w, h } = sizeOf(image);
  const side = Math.min(w, h);
  target.drawImage(image, (w - side) / 2, (h - side) / 2, side, side, 0, 0, width, height);
}

/** @param {any} image */
const sizeOf = (image) => ({ w: image.videoWidth || image.width, h: image.videoHeight || image.height });

/**
 * @param {OffscreenCanvas} scaled
 * @param {CanvasImageSource} image
 */
export function pixels(scaled, image) {
  const target = /** @type {OffscreenCanvasRenderingContext2D} */ (
    scaled.getContext("2d", { willReadFrequently: true })
  );
  target.imageSmoothingQuality = "high";
  crop(target, image);
  const { data } = target.getImageData(0, 0, SIDE, SIDE);
  const bytes = new Uint8Array(SIDE * SIDE * 3);
  for (let i = 0; i < SIDE * SIDE; i++) bytes.set(data.subarray(4 * i, 4 * i + 3), 3 * i);
  return bytes;
}

/**
 * @param {Blob} file
 * @returns {Promise<Uint8Array>}
 */
export async function readPicture(file) {
  const image = await createImageBitmap(file);
  return pixels(new OffscreenCanvas(SIDE, SIDE), image);
}

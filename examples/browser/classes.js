// @ts-check
// The kinds of pictures: names, pictures, and the cards that show them.
import { element, make } from "./dom.js";
import { SIDE } from "./networks.js";
import { readPicture } from "./source.js";

export const MOST = 6;
const THUMBS = 12;

/** @typedef {{ name: string, pictures: Uint8Array[] }} Class */

export class Classes {
  /** @type {Class[]} */
  list = [];
  #current;
  #changed;
  #say;

  /**
   * @param {() => Uint8Array | null} current the picture to add, or null where there is none
   * @param {() => void} changed
   * @param {(text: string) => void} say
   */
  constructor(current, changed, say) {
    this.#current = current;
    this.#changed = changed;
    this.#say = say;
    element("add-class").addEventListener("click", () => {
      this.list.push({ name: this.#freeName(), pictures: [] });
      this.#render();
      /** @type {HTMLInputElement | null} */ (element("classes").querySelector("li:last-child input"))?.select();
    });
  }

  /** @param {Class[]} list */
  reset(list) {
    this.list = list;
    this.#render();
  }

  /** @param {number} index */
  add(index) {
    const target = this.list[index];
    if (!target) return;
    const picture = this.#current();
    if (!picture) return this.#say("There is no picture yet: draw one, or choose Camera or File.");
    target.pictures.push(picture);
    this.#say(`Added to ${target.name}: ${count(target)}.`);
    this.#render();
  }

  #freeName() {
    for (let n = this.list.length + 1; ; n++)
      if (!this.list.some(({ name }) => name === `Kind ${n}`)) return `Kind ${n}`;
  }

  #render() {
    const focus = document.activeElement?.getAttribute("data-key");
    element("classes").replaceChildren(...this.list.map((each, index) => this.#card(each, index)));
    /** @type {HTMLButtonElement} */ (element("add-class")).disabled = this.list.length >= MOST;
    if (focus) /** @type {HTMLElement | null} */ (document.querySelector(`[data-key="${focus}"]`))?.focus();
    this.#changed();
  }

  /**
   * @param {Class} each
   * @param {number} index
   */
  #card(each, index) {
    const name = make("input", {
      type: "text",
      value: each.name,
      maxLength: 24,
      "aria-label": `Name of kind ${index + 1}`,
      onchange: (/** @type {{ target: HTMLInputElement }} */ { target }) => {
        each.name = target.value = target.value.trim() || `Kind ${index + 1}`;
        nameControls();
      },
    });
    const remove = make(
      "button",
      {
        type: "button",
        className: "icon",
        disabled: this.list.length <= 2,
        onclick: () => {
          this.list.splice(index, 1);
          this.#render();
          element("add-class").focus();
        },
      },
      "×",
    );
    const add = make(
      "button",
      {
        type: "button",
        "data-key": `add-${index}`,
        "aria-keyshortcuts": String(index + 1),
        onclick: () => this.add(index),
      },
      "Add picture ",
      make("kbd", {}, String(index + 1)),
    );
    const files = make("input", {
      type: "file",
      multiple: true,
      accept: "image/*",
      className: "hidden",
      onchange: async (/** @type {{ target: HTMLInputElement }} */ { target }) => this.#addFiles(each, target),
    });
    // The card stays as it is while a name changes: the next field may have the focus already.
    const nameControls = () => {
      for (const [control, does] of /** @type {const} */ ([
        [remove, "Remove"],
        [add, "Add the picture to"],
        [files, "Add files to"],
      ]))
        control.setAttribute("aria-label", `${does} ${each.name}`);
    };
    nameControls();
    return make(
      "li",
      { className: "kind" },
      make("div", { className: "head" }, name, remove),
      make("div", { className: "row" }, add, make("label", { className: "button" }, "Files…", files)),
      make("p", { className: "note" }, count(each)),
      make("div", { className: "thumbs", "aria-hidden": "true" }, ...each.pictures.slice(-THUMBS).map(thumbnail)),
    );
  }

  /**
   * @param {Class} each
   * @param {HTMLInputElement} input
   */
  async #addFiles(each, input) {
    const refused = [];
    for (const file of input.files ?? []) {
      try {
        each.pictures.push(await readPicture(file));
      } catch {
        refused.push(file.name);
      }
    }
    this.#say(refused.length > 0 ? `Not pictures: ${refused.join(", ")}.` : `Added to ${each.name}: ${count(each)}.`);
    this.#render();
  }
}

/** @param {Class} each */
const count = ({ pictures }) => (pictures.length === 1 ? "1 picture" : `${pictures.length} pictures`);

/** @param {Uint8Array} bytes */
export function thumbnail(bytes) {
  const canvas = /** @type {HTMLCanvasElement} */ (make("canvas", { width: SIDE, height: SIDE }));
  const image = new ImageData(SIDE, SIDE);
  for (let i = 0; i < SIDE * SIDE; i++) {
    image.data.set(bytes.subarray(3 * i, 3 * i + 3), 4 * i);
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d")?.putImageData(image, 0, 0);
  return canvas;
}

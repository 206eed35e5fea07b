// @ts-check
// The blackboard: drawn on with a pointer, or with the keyboard. The chalk's place shows while the board has the focus.

const SIDE = 280;
const CHALK = 22;
const STEP = 14;

export class Board {
  #visible;
  /** The drawing alone, without the mark that shows where the chalk is. */
  #drawing = new OffscreenCanvas(SIDE, SIDE);
  #pen = { x: SIDE / 2, y: SIDE / 2, down: false };
  #changed;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {() => void} changed called after every stroke
   */
  constructor(canvas, changed) {
    this.#visible = canvas;
    this.#changed = changed;
    const context = this.#context;
    context.lineWidth = CHALK;
    context.lineCap = context.lineJoin = "round";
    context.strokeStyle = "#fff";
    this.wipe();
    canvas.addEventListener("pointerdown", (event) => this.#press(event));
    canvas.addEventListener("pointermove", (event) => this.#drag(event));
    canvas.addEventListener("keydown", (event) => this.#key(event));
    for (const name of ["focus", "blur"]) canvas.addEventListener(name, () => this.#show());
  }

  get #context() {
    return /** @type {OffscreenCanvasRenderingContext2D} */ (this.#drawing.getContext("2d"));
  }

  /** What is drawn. */
  get picture() {
    return this.#drawing;
  }

  wipe() {
    this.#context.fillStyle = "#000";
    this.#context.fillRect(0, 0, SIDE, SIDE);
    this.#end();
  }

  /** @param {CanvasImageSource} image takes the place of the drawing */
  show(image) {
    this.#context.drawImage(image, 0, 0, SIDE, SIDE);
    this.#end();
  }

  /** @param {PointerEvent} event */
  #place(event) {
    const { left, top, width, height } = this.#visible.getBoundingClientRect();
    return { x: ((event.clientX - left) / width) * SIDE, y: ((event.clientY - top) / height) * SIDE };
  }

  /** @param {PointerEvent} event */
  #press(event) {
    this.#visible.setPointerCapture(event.pointerId);
    Object.assign(this.#pen, this.#place(event));
    this.#line(this.#pen);
  }

  /** @param {PointerEvent} event */
  #drag(event) {
    if (event.buttons === 0) return;
    this.#line(this.#place(event));
  }

  /** @param {{ x: number, y: number }} to */
  #line(to) {
    const context = this.#context;
    context.beginPath();
    context.moveTo(this.#pen.x, this.#pen.y);
    context.lineTo(to.x, to.y);
    context.stroke();
    Object.assign(this.#pen, { x: to.x, y: to.y });
    this.#end();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    /** @type {Record<string, [number, number]>} */
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const move = moves[event.key];
    const pen = this.#pen;
    if (move) {
      const inside = (/** @type {number} */ at) => Math.min(SIDE - CHALK / 2, Math.max(CHALK / 2, at));
      const to = { x: inside(pen.x + STEP * move[0]), y: inside(pen.y + STEP * move[1]) };
      if (pen.down) this.#line(to);
      else Object.assign(pen, to);
    } else if (event.key === " ") {
      pen.down = !pen.down;
      if (pen.down) this.#line(pen);
    } else if (event.key === "Backspace" || event.key === "Delete") {
      pen.down = false;
      this.wipe();
    } else return;
    event.preventDefault();
    this.#show();
  }

  #end() {
    this.#show();
    this.#changed();
  }

  #show() {
    const context = /** @type {CanvasRenderingContext2D} */ (this.#visible.getContext("2d"));
    context.drawImage(this.#drawing, 0, 0);
    if (document.activeElement !== this.#visible || !this.#visible.matches(":focus-visible")) return;
    context.beginPath();
    context.arc(this.#pen.x, this.#pen.y, CHALK / 2 + 2, 0, 2 * Math.PI);
    context.strokeStyle = this.#pen.down ? "#fbab54" : "#7ea6ff";
    context.lineWidth = 3;
    context.stroke();
  }
}

/** A blackboard: drawn on with a pointer, or by keyboard. The chalk's place shows while the board has the focus. */
const SIDE = 280;
const CHALK = 22;
const STEP = 14;
const MOVES: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export class Board {
  /** The drawing alone, without the mark that shows where the chalk is. */
  readonly picture = new OffscreenCanvas(SIDE, SIDE);
  #visible: HTMLCanvasElement | undefined;
  #pen = { x: SIDE / 2, y: SIDE / 2, down: false };
  #changed: () => void;

  /** @param changed called after every stroke */
  constructor(changed: () => void) {
    this.#changed = changed;
    const context = this.#context;
    context.lineWidth = CHALK;
    context.lineCap = context.lineJoin = "round";
    context.strokeStyle = "#fff";
    this.wipe();
  }

  /** Shows itself on a canvas, and takes what is done there. */
  attach(canvas: HTMLCanvasElement): () => void {
    this.#visible = canvas;
    const stop = new AbortController();
    const { signal } = stop;
    canvas.addEventListener("pointerdown", (event) => this.#press(event), { signal });
    canvas.addEventListener("pointermove", (event) => event.buttons > 0 && this.#line(this.#place(event)), { signal });
    canvas.addEventListener("keydown", (event) => this.#key(event), { signal });
    for (const name of ["focus", "blur"]) canvas.addEventListener(name, () => this.#show(), { signal });
    this.#show();
    return () => stop.abort();
  }

  wipe(): void {
    this.#context.fillStyle = "#000";
    this.#context.fillRect(0, 0, SIDE, SIDE);
    this.#end();
  }

  /** Puts a picture in place of the drawing. */
  show(image: CanvasImageSource): void {
    this.#context.drawImage(image, 0, 0, SIDE, SIDE);
    this.#end();
  }

  get #context(): OffscreenCanvasRenderingContext2D {
    const context = this.picture.getContext("2d");
    if (!context) throw new Error("Board: the browser gives no canvas");
    return context;
  }

  #place(event: PointerEvent): { x: number; y: number } {
    const { left, top, width, height } = (event.target as Element).getBoundingClientRect();
    return { x: ((event.clientX - left) / width) * SIDE, y: ((event.clientY - top) / height) * SIDE };
  }

  #press(event: PointerEvent): void {
    (event.target as Element).setPointerCapture(event.pointerId);
    Object.assign(this.#pen, this.#place(event));
    this.#line(this.#pen);
  }

  #line(to: { x: number; y: number }): void {
    const context = this.#context;
    context.beginPath();
    context.moveTo(this.#pen.x, this.#pen.y);
    context.lineTo(to.x, to.y);
    context.stroke();
    Object.assign(this.#pen, { x: to.x, y: to.y });
    this.#end();
  }

  #key(event: KeyboardEvent): void {
    const move = MOVES[event.key];
    const pen = this.#pen;
    if (move) {
      const inside = (at: number) => Math.min(SIDE - CHALK / 2, Math.max(CHALK / 2, at));
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

  #end(): void {
    this.#show();
    this.#changed();
  }

  #show(): void {
    const canvas = this.#visible;
    const context = canvas?.getContext("2d");
    if (!canvas || !context) return;
    context.drawImage(this.picture, 0, 0);
    if (document.activeElement !== canvas || !canvas.matches(":focus-visible")) return;
    context.beginPath();
    context.arc(this.#pen.x, this.#pen.y, CHALK / 2 + 2, 0, 2 * Math.PI);
    context.strokeStyle = this.#pen.down ? "#fbab54" : "#7ea6ff";
    context.lineWidth = 3;
    context.stroke();
  }
}

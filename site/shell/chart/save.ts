/**
 * Pictures as files. The policy of these pages allows no blob: or data: images, so that an SVG cannot be loaded into an
 * <img> to be painted on a canvas; its shapes are painted one by one instead.
 */

/** What a drawing takes from style sheets and must carry with it. */
const STYLES = [
  ...["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "stroke-linecap"],
  ...["stroke-opacity", "opacity", "paint-order", "font-family", "font-size", "font-style", "font-weight"],
  ...["text-anchor", "dominant-baseline", "visibility", "display"],
];

/** The drawing as a file that looks the same everywhere: without style sheets, on the page's colour. */
export function toSvg(svg: SVGSVGElement): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const originals = [svg, ...svg.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((element, i) => {
    const style = getComputedStyle(originals[i]);
    for (const name of STYLES) element.setAttribute(name, style.getPropertyValue(name));
    element.removeAttribute("class");
    // Attributes alone: the page's policy refuses style="…", even where it is only to be written into a file.
    element.removeAttribute("style");
  });
  const { width, height } = size(svg);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [name, value] of Object.entries({ width: "100%", height: "100%", fill: groundOf(svg) }))
    ground.setAttribute(name, value);
  copy.prepend(ground);
  return new XMLSerializer().serializeToString(copy);
}

/** Pixels of the file for each pixel of the page: sharp on a projector and in print. */
const SCALE = 3;

export async function toPng(picture: SVGSVGElement | HTMLCanvasElement): Promise<Blob> {
  const canvas = picture instanceof HTMLCanvasElement ? picture : paint(picture);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
  if (!blob)
    throw new Error(`toPng: picture expected a size that a canvas can have, got ${canvas.width}x${canvas.height}`);
  return blob;
}

function size(svg: SVGSVGElement): { width: number; height: number } {
  const { width, height } = svg.getBoundingClientRect();
  return { width, height };
}

/** The colour that the picture lies on. */
function groundOf(element: Element): string {
  for (let at: Element | null = element; at; at = at.parentElement) {
    const { backgroundColor } = getComputedStyle(at);
    if (!/, 0\)$|transparent/.test(backgroundColor)) return backgroundColor;
  }
  return "white";
}

function paint(svg: SVGSVGElement): HTMLCanvasElement {
  const { width, height } = size(svg);
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * SCALE);
  canvas.height = Math.round(height * SCALE);
  const context = canvas.getContext("2d");
  if (!context) throw new Error("paint: context expected a 2d context, got none");
  context.fillStyle = groundOf(svg);
  context.fillRect(0, 0, canvas.width, canvas.height);
  const origin = svg.getBoundingClientRect();
  for (const element of svg.querySelectorAll<SVGGraphicsElement>("path, line, rect, circle, text"))
    paintElement(context, element, origin);
  return canvas;
}

function paintElement(context: CanvasRenderingContext2D, element: SVGGraphicsElement, origin: DOMRect): void {
  const style = getComputedStyle(element);
  const matrix = element.getScreenCTM();
  if (!matrix || style.display === "none" || style.visibility === "hidden" || element.closest("defs, marker")) return;
  const [dx, dy] = [matrix.e - origin.left, matrix.f - origin.top];
  context.setTransform(matrix.a * SCALE, matrix.b * SCALE, matrix.c * SCALE, matrix.d * SCALE, dx * SCALE, dy * SCALE);
  const opacity = opacityOf(element, style);
  const shape = outline(element);
  // What lies below is painted first: text on a map has its halo under it.
  if (style.stroke !== "none" && !shape) {
    context.strokeStyle = style.stroke;
    context.lineWidth = Number.parseFloat(style.strokeWidth);
    context.lineJoin = "round";
    context.globalAlpha = opacity * Number(style.strokeOpacity);
    paintText(context, element, style, "strokeText");
  }
  if (style.fill !== "none") {
    context.fillStyle = style.fill;
    context.globalAlpha = opacity * Number(style.fillOpacity);
    if (shape) context.fill(shape);
    else paintText(context, element, style, "fillText");
  }
  if (style.stroke !== "none" && shape) {
    context.strokeStyle = style.stroke;
    context.globalAlpha = opacity * Number(style.strokeOpacity);
    context.lineWidth = Number.parseFloat(style.strokeWidth);
    context.lineJoin = style.strokeLinejoin as CanvasLineJoin;
    context.lineCap = style.strokeLinecap as CanvasLineCap;
    context.setLineDash(
      style.strokeDasharray === "none" ? [] : style.strokeDasharray.split(",").map(Number.parseFloat),
    );
    context.stroke(shape);
  }
}

/** Of the element and of the groups that it is in. */
function opacityOf(element: Element, style: CSSStyleDeclaration): number {
  let opacity = Number(style.opacity);
  for (let at = element.parentElement; at && !(at instanceof SVGSVGElement); at = at.parentElement)
    opacity *= Number(getComputedStyle(at).opacity);
  return opacity;
}

function outline(element: SVGGraphicsElement): Path2D | null {
  if (element instanceof SVGTextElement) return null;
  const number = (name: string) => Number(element.getAttribute(name) ?? 0);
  if (element instanceof SVGPathElement) return new Path2D(element.getAttribute("d") ?? "");
  const path = new Path2D();
  if (element instanceof SVGLineElement) {
    path.moveTo(number("x1"), number("y1"));
    path.lineTo(number("x2"), number("y2"));
  } else if (element instanceof SVGCircleElement) {
    path.arc(number("cx"), number("cy"), number("r"), 0, 2 * Math.PI);
  } else {
    path.roundRect(number("x"), number("y"), number("width"), number("height"), number("rx"));
  }
  return path;
}

const ALIGN: Record<string, CanvasTextAlign> = { start: "left", middle: "center", end: "right" };

function paintText(
  context: CanvasRenderingContext2D,
  element: SVGElement,
  style: CSSStyleDeclaration,
  paint: "fillText" | "strokeText",
): void {
  context.font = style.font;
  context.textAlign = ALIGN[style.textAnchor] ?? "left";
  const central = ["middle", "central"].includes(style.dominantBaseline);
  context.textBaseline = central ? "middle" : "alphabetic";
  const number = (name: string) => Number(element.getAttribute(name) ?? 0);
  context[paint](element.textContent ?? "", number("x"), number("y"));
}

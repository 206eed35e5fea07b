/** Files that a page hands to the visitor and takes back. */

/** Starts a download. */
export function download(name: string, content: BlobPart, type: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  // The browser reads the file some time after the click.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** A run as a file: JSON that says which page wrote it. Typed arrays become lists of numbers, exact for float32 and float64. */
export function writeRun(page: string, version: number, run: object): string {
  const plain = (_: string, value: unknown) =>
    ArrayBuffer.isView(value) ? Array.from(value as unknown as ArrayLike<number>) : value;
  return JSON.stringify({ "resnet-wasm run": page, version, ...run }, plain);
}

/** What `writeRun` wrote, or null where the text is something else. The page checks its own fields. */
export function readRun(page: string, version: number, text: string): Record<string, unknown> | null {
  try {
    const run = JSON.parse(text);
    return run?.["resnet-wasm run"] === page && run.version === version ? run : null;
  } catch {
    return null; // no JSON at all: as much a file of another kind as JSON of others
  }
}

/** Files of the project, in Node and in a browser that is served its root. */
export async function fetchBytes(path) {
  if (typeof process === "object") {
    const { readFile } = await import("node:fs/promises");
    return readFile(new URL(`../${path}`, import.meta.url));
  }
  const response = await fetch(`/${path}`);
  if (!response.ok) throw new Error(`${path}: expected a file, got status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

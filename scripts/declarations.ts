/** Declarations as users' compilers read them: from TypeScript 5.4 on, with the libraries of any platform or of none. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";

/** Names of platforms in public declarations. */
const PLATFORM = [
  ...["AbortSignal", "Blob", "Document", "HTMLCanvasElement", "HTMLImageElement", "HTMLVideoElement", "ImageBitmap"],
  ...[
    "ImageData",
    "Node",
    "OffscreenCanvas",
    "ReadableStream<R = any>",
    "Response",
    "SVGImageElement",
    "URL",
    "VideoFrame",
  ],
];

/** Empty, they merge with those of TypeScript's libraries, of @types/node and of others where these are there. */
const ENVIRONMENT = `/** For compilers that are told of no platform. */
${PLATFORM.map((name) => `interface ${name} {}\n`).join("")}
declare namespace WebAssembly {
  interface Instance {}
  interface Memory {}
  interface Module {}
}

interface SymbolConstructor {
  readonly dispose: unique symbol;
  readonly asyncDispose: unique symbol;
}
`;

/**
 * Up to TypeScript 5.6 typed arrays do not tell what they lie in, and since 5.7 those that are constructed lie in an ArrayBuffer:
 * the type of what is constructed is the same in both.
 */
const forOlder = (text: string): string =>
  text
    .replace(/\b(\w+Array)<ArrayBuffer>/g, "InstanceType<$1Constructor>")
    .replace(/\b(\w+Array)<ArrayBufferLike>/g, "$1");

/** As people read them. */
export const forReaders = (text: string): string =>
  text.replace(/\bInstanceType<(\w+Array)Constructor>/g, "$1<ArrayBuffer>");

/** Takes the declarations in `types` for published ones: those of `entries`, paths without endings, and all that they lead to. */
export function publishDeclarations(types: string, entries: readonly string[]): void {
  const reached = new Set<string>();
  const reach = (path: string): void => {
    if (reached.has(path)) return;
    reached.add(path).add(`${path}.map`);
    const text = readFileSync(path, "utf8");
    writeFileSync(path, forOlder(text));
    for (const [, specifier] of text.matchAll(/(?:from|import\()\s*"(\.{1,2}\/[^"]+)\.js"/g))
      reach(join(dirname(path), `${specifier}.d.ts`));
  };
  for (const entry of entries) reach(join(types, `${entry}.d.ts`));
  // Files that no entry point leads to stay at home.
  for (const path of readdirSync(types, { recursive: true, encoding: "utf8" }).map((name) => join(types, name)))
    if (/\.d\.ts(\.map)?$/.test(path) && !reached.has(path)) rmSync(path);
  const environment = join(types, "environment.d.ts");
  writeFileSync(environment, ENVIRONMENT);
  for (const entry of entries) {
    const path = join(types, `${entry}.d.ts`);
    const reference = relative(dirname(path), environment).split(sep).join("/");
    writeFileSync(path, `/// <reference path="${reference}" />\n${readFileSync(path, "utf8")}`);
  }
}

/** Places of saved files. */
import type { Store } from "../stores/store.js";

/**
 * A saved file: its bytes, a `Blob` or `File`, a `Response` or the promise of one, an address (`URL`, or a string with its
 * scheme), a path (Node, Deno and Bun; in pages a string without a scheme is an address from the page's), or a store.
 */
export type FileSource = Uint8Array | ArrayBuffer | Blob | Response | PromiseLike<Response> | URL | string | Store;

/** Where a file is written whole or not at all: a store, or a path or file: URL in Node, Deno and Bun. */
export type FileTarget = Store | URL | string;

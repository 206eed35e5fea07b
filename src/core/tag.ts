/** The class of an object by its tag, which `instanceof` cannot tell of objects from another realm: a frame, a vm context. */
export const tagOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

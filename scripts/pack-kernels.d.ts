export const SHIPPED_EXPORTS: string[];
export function keepExports(bytes: Uint8Array, names: readonly string[]): Uint8Array<ArrayBuffer>;
export function pack(bytes: Uint8Array): string[];

/** What was thrown, in words: errors of other realms, and what is no error, included. */
export const messageOf = (thrown: unknown): string =>
  String((thrown as { message?: unknown } | null | undefined)?.message ?? thrown);

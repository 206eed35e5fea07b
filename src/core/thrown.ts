/** What was thrown, in words: errors of other realms, and what is no error, included. */
export const messageOf = (thrown: unknown): string => {
  const { message = thrown }: { message?: unknown } = Object(thrown);
  return String(message ?? thrown);
};

/** The code of an error of the runtime, such as "ENOENT". */
export const codeOf = (thrown: unknown): unknown => {
  const { code }: { code?: unknown } = Object(thrown);
  return code;
};

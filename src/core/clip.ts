/** The beginning of a text that may be long. */
export const clip = (text: string): string => (text.length > 80 ? `${text.slice(0, 77)}…` : text);

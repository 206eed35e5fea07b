// A row of docs/troubleshooting.md, which is a test as well: what is seen, made to appear; and the cure, after which it is gone.
export interface Symptom {
  /**
   * A message, in backticks, in which `N` and `M` stand for numbers, `i` for an index and `…` for anything; or in words what
   * is seen, which `provoke` then tells by true.
   */
  symptom: string;
  cause: string;
  cure: string;
  /** Throws the message, or gives whether what the words say is so. */
  provoke(): unknown;
  /** The same with the cure: neither throws nor gives false. */
  cured(): unknown;
}

export interface Section {
  title: string;
  symptoms: readonly Symptom[];
}

/** What every message of a symptom has to match; null where it is told in words. */
export function messageOf({ symptom }: Symptom): RegExp | null {
  const [, text] = /^`([^`]+)`$/.exec(symptom) ?? [];
  if (text === undefined) return null;
  const escaped = text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const open = escaped
    .replaceAll("…", ".*")
    .replace(/\b[NM]\b/g, "-?\\d[\\d.e+]*")
    .replace(/\\\[i\\\]/g, "\\[\\d+\\]");
  return new RegExp(open, "s");
}

/** What the visitor prefers: language and theme, kept in this browser and shared by all pages. */
import { computed, effect, type ReadonlySignal, signal } from "@preact/signals";

export const LANGUAGES = { en: "English", zh: "中文" } as const;
export type Language = keyof typeof LANGUAGES;

/** "system" follows the device. */
export type Theme = "system" | "light" | "dark";

// public/early.js has read them, to be there before the first paint.
const root = document.documentElement;
export const language = signal<Language>(root.lang in LANGUAGES ? (root.lang as Language) : "en");
export const theme = signal<Theme>((root.dataset.theme as Theme | undefined) ?? "system");

function keep(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    // A browser that keeps nothing: the choice holds for this page.
  }
}

/** Called by the switches alone: what nobody has chosen is not kept. */
export function chooseLanguage(value: Language): void {
  language.value = value;
  keep("language", value);
}
export function chooseTheme(value: Theme): void {
  theme.value = value;
  keep("theme", value === "system" ? null : value);
}

effect(() => {
  root.lang = language.value;
});
effect(() => {
  if (theme.value === "system") delete root.dataset.theme;
  else root.dataset.theme = theme.value;
});

/**
 * The texts of a page: `const t = inLanguages({ en, zh })`, where `zh: typeof en` makes a missing text a type error. A
 * component reads `t.value.title` and is drawn anew when the language changes.
 */
export const inLanguages = <T>(all: Record<Language, T>): ReadonlySignal<T> => computed(() => all[language.value]);

/** Whether the visitor asked the device for less motion. */
export const reducedMotion = signal(matchMedia("(prefers-reduced-motion: reduce)").matches);
matchMedia("(prefers-reduced-motion: reduce)").addEventListener("change", ({ matches }) => {
  reducedMotion.value = matches;
});

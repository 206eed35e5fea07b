// The copy buttons of blocks of code. Without this program they stay hidden.
import { docs } from "../../text/docs.js";

const SAID_MS = 1500;

export function enableCopying(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("button.copy")) {
    button.hidden = false;
    button.textContent = docs.value.copy;
    button.addEventListener("click", async () => {
      const code = button.parentElement?.querySelector("code")?.textContent ?? "";
      button.textContent = (await put(code)) ? docs.value.copied : docs.value.notCopied;
      setTimeout(() => {
        button.textContent = docs.value.copy;
      }, SAID_MS);
    });
  }
}

/** Whether the clipboard took it: a page may not be allowed to write there. */
const put = (text: string): Promise<boolean> =>
  Promise.resolve()
    .then(() => navigator.clipboard.writeText(text))
    .then(
      () => true,
      () => false,
    );

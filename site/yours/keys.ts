/** Keys of the whole page: a picture into a kind, learn, the board. */
import { useEffect } from "preact/hooks";
import { addPicture } from "./pictures/classes.js";
import { board, origin } from "./pictures/state.js";
import { kind, running } from "./state.js";

export function useKeys(train: () => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const element = event.target as Element;
      const types = element.matches("input:not([type=radio]), select, textarea");
      if (types || event.ctrlKey || event.metaKey || event.altKey) return;
      const key = event.key.toLowerCase();
      const hasPictures = kind.value === "pictures" || kind.value === "network";
      if (key === "t") {
        if (running.value) running.value.abort();
        else train();
      } else if (hasPictures && /^[1-6]$/.test(key)) addPicture(Number(key) - 1);
      else if (hasPictures && key === "w") board.wipe();
      else if (hasPictures && key === "b") {
        origin.value = "draw";
        setTimeout(() => document.getElementById("board")?.focus());
      } else return;
      event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [train]);
}

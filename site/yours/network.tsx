/** A network that others have trained, opened from a file. */
import { signal } from "@preact/signals";
import { yours } from "../text/yours.js";
import { call } from "./learner.js";
import { Pictures } from "./pictures/panel.js";
import { status } from "./state.js";
import type { Known } from "./worker/protocol.js";

export const base = signal<{ name: string; known: Known } | null>(null);

export async function openNetwork(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const t = yours.value;
  base.value = null;
  status.value = t.preparing;
  try {
    base.value = { name, known: await call("openBase", [bytes, name]) };
    status.value = t.ready;
  } catch (error) {
    status.value = t.badNetwork((error as Error).message);
  }
}

export function NetworkPanel() {
  const t = yours.value;
  const opened = base.value;
  return (
    <>
      <div class="row">
        <label class="button">
          {t.openNetwork}
          <input
            class="visually-hidden"
            id="network"
            type="file"
            accept=".onnx,.pth,.pt,.bin,.safetensors"
            onChange={async ({ currentTarget }) => {
              const [file] = currentTarget.files ?? [];
              if (file) await openNetwork(file.name, new Uint8Array(await file.arrayBuffer()));
              currentTarget.value = "";
            }}
          />
        </label>
      </div>
      <p class="note">
        {opened
          ? t.opened(opened.name, opened.known.parameters.toLocaleString(), opened.known.inputShape.join(" × "))
          : t.networkHelp}
      </p>
      <Pictures />
    </>
  );
}

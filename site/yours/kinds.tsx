/** The kinds that a visitor shows examples of: a card each, with its name. */
import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { yours } from "../text/yours.js";

interface Kind {
  id: number;
  name: string;
}

interface KindsProps<K extends Kind> {
  kinds: Signal<K[]>;
  /** At most. */
  most: number;
  make(): K;
  nameOf(kind: K, place: number): string;
  /** What a card has below its name. */
  children(kind: K, place: number): ComponentChildren;
}

export function Kinds<K extends Kind>({ kinds, most, make, nameOf, children }: KindsProps<K>) {
  const t = yours.value;
  return (
    <div>
      <ol class="kinds">
        {kinds.value.map((each, place) => (
          <li class="kind" key={each.id}>
            <div class="kind-head">
              <input
                type="text"
                value={each.name}
                placeholder={t.defaultName(place + 1)}
                maxLength={24}
                aria-label={t.className(place + 1)}
                onInput={({ currentTarget }) => {
                  const name = currentTarget.value.trim();
                  kinds.value = kinds.value.map((one) => (one.id === each.id ? { ...one, name } : one));
                }}
              />
              <button
                type="button"
                class="icon"
                disabled={kinds.value.length <= 2}
                aria-label={t.remove(nameOf(each, place))}
                onClick={() => {
                  kinds.value = kinds.value.filter(({ id }) => id !== each.id);
                }}
              >
                ×
              </button>
            </div>
            {children(each, place)}
          </li>
        ))}
      </ol>
      <button
        type="button"
        disabled={kinds.value.length >= most}
        onClick={() => {
          kinds.value = [...kinds.value, make()];
        }}
      >
        {t.addClass}
      </button>
    </div>
  );
}

import { CONTROL } from "./control.js";

/**
 * Scalars that the host writes before a step and reads after it (byte offsets): `lr`; Adam's two bias corrections;
 * `dampening` (0 in the first step); the factor and norm of gradient clipping; `status`, not 0 when loss or gradients
 * were not finite; `rng`, four words of key and step counter.
 */
export const SCALARS = {
  base: CONTROL.bytes,
  lr: 1024,
  correction: 1028,
  dampening: 1036,
  scale: 1040,
  norm: 1044,
  status: 1048,
  rng: 1056,
  end: 1088,
} as const;

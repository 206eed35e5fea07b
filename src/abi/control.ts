/** Where the control block of a model's memory stands (bytes); the fields are described in `assembly/sync.ts`. */
export const CONTROL = {
  base: 64,
  jobs: 64,
  arrived: 128,
  generation: 192,
  parked: 256,
  begin: 320,
  end: 324,
  exit: 332,
  failed: 336,
  mayWait: 340,
  claims: 512,
  bytes: 1024,
} as const;

/** Texts of files that several platforms have. */

export const page = (script: string): string =>
  `<!doctype html><meta charset="utf-8"><title>app</title><body><script type="module" src="${script}"></script>\n`;

/** A page's script that runs the program. */
export const START = (program: string): string =>
  `import { outcome } from "${program}";\n\nglobalThis.outcome = outcome();\n`;

/** A program for a process, which prints what it found on its last line. */
export const PRINT = (program: string): string =>
  `import { serverOutcome } from "${program}";\n\nconsole.log(JSON.stringify(await serverOutcome()));\n`;

/** Files that have an end. */

/** What a file is that is none. */
export class NotRegular extends Error {}

/** What is no regular file would give no end of bytes, or none ever. */
export function checkRegular(status: Status): void {
  if (status.isFile()) return;
  const kind = status.isDirectory() ? "folder" : status.isFIFO() ? "FIFO" : status.isSocket() ? "socket" : "device";
  throw new NotRegular(`a ${kind}`);
}

type Status = Record<"isFile" | "isDirectory" | "isFIFO" | "isSocket", () => boolean>;

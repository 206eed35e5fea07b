import { existsSync, readFileSync } from "node:fs";

/** The most memory that this process has had, in MiB. (maxRSS also counts the parent's pages at the time of the fork.) */
export function peak() {
  const status = "/proc/self/status";
  const kib = existsSync(status)
    ? Number(/VmHWM:\s*(\d+)/.exec(readFileSync(status, "utf8"))[1])
    : process.resourceUsage().maxRSS;
  return kib / 1024;
}

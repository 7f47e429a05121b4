import { readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

/**
 * True if this process was started so that it outlives its terminal, with `nohup` or after `trap '' HUP`. Node sets every signal
 * back to its default before any of our code runs, so it cannot be read from this process itself: `nohup` leaves its own name in
 * `_` (as bash, zsh and ksh set it) or a standard input that is open for writing only, and a shell passes on what it ignores.
 */
export function ignoresHangup({ env, ppid }: Pick<NodeJS.Process, "env" | "ppid">): boolean {
  return basename(env["_"] ?? "") === "nohup" || hasInputOfNohup() || isIgnoredBy(ppid);
}

/** GNU nohup replaces a terminal by /dev/null, opened so that reading from it fails. */
function hasInputOfNohup(): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync("/proc/self/fdinfo/0", "utf8"))?.[1];
    return readlinkSync("/proc/self/fd/0") === "/dev/null" && (flags?.endsWith("1") ?? false);
  } catch {
    return false;
  }
}

/** The lowest bit of the mask stands for SIGHUP. Only Linux has this file. */
function isIgnoredBy(pid: number): boolean {
  try {
    const mask = /^SigIgn:\s*([0-9a-f]+)$/im.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return mask !== undefined && (parseInt(mask.slice(-1), 16) & 1) === 1;
  } catch {
    return false;
  }
}

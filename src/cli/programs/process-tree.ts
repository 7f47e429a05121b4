import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/**
 * Sends a signal to a process and to everything it has started. Immediately, because this process may be about to exit. A process
 * that has detached from its parent, as a daemon does, is left running.
 */
export function killTree(
  pid: number,
  signal: NodeJS.Signals,
  host: Pick<NodeJS.Process, "kill">,
): void {
  // Looked up first: the children of a process that has exited have no parent any more.
  for (const each of [pid, ...descendantsOf(pid, parents())]) {
    try {
      host.kill(each, signal);
    } catch {
      // It has already exited.
    }
  }
}

function descendantsOf(pid: number, parentOf: ReadonlyMap<number, number>): number[] {
  const children = [...parentOf].filter(([, parent]) => parent === pid).map(([child]) => child);
  return children.flatMap((child) => [child, ...descendantsOf(child, parentOf)]);
}

/** The parent of every process; empty if unknown. Containers often have /proc and no `ps`. */
function parents(): ReadonlyMap<number, number> {
  try {
    return new Map(
      readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? parentIn(Number(name)) : [])),
    );
  } catch {
    return parentsByPs();
  }
}

function parentIn(pid: number): [pid: number, parent: number][] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is a name in parentheses that may hold spaces; the fourth is the parent.
    return [[pid, Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1])]];
  } catch {
    // It has exited in the meantime.
    return [];
  }
}

function parentsByPs(): ReadonlyMap<number, number> {
  try {
    const listed = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" });
    return new Map(
      [...listed.matchAll(/^\s*(\d+)\s+(\d+)\s*$/gm)].map(([, pid, parent]) => [
        Number(pid),
        Number(parent),
      ]),
    );
  } catch {
    return new Map();
  }
}

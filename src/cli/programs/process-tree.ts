import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/**
 * Sends a signal to a process and to everything it has started. At once: what comes next may be the end of this process. A process
 * that has left its parent, as a daemon does, is meant to stay.
 */
export function killTree(
  pid: number,
  signal: NodeJS.Signals,
  host: Pick<NodeJS.Process, "kill">,
): void {
  // Looked up first: the children of a process that has ended belong to nobody.
  for (const each of [pid, ...descendantsOf(pid, parents())]) {
    try {
      host.kill(each, signal);
    } catch {
      // It has ended by itself.
    }
  }
}

function descendantsOf(pid: number, parentOf: ReadonlyMap<number, number>): number[] {
  const children = [...parentOf].filter(([, parent]) => parent === pid).map(([child]) => child);
  return children.flatMap((child) => [child, ...descendantsOf(child, parentOf)]);
}

/** The parent of every process; empty where it cannot be found out. Containers often have /proc and no `ps`. */
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
    // It ended meanwhile.
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

import { execFileSync } from "node:child_process";
import { query } from "../../support/postgres.ts";

/** Resolves when the query has a row. */
export async function holds(url: string, sql: string): Promise<void> {
  while ((await query(url, sql)).length === 0);
}

/** Processes below one, as ps lists them. */
export function childrenOf(pid: number | undefined): { pid: number; command: string }[] {
  const rows = execFileSync("ps", ["-e", "-o", "pid=,ppid=,args="], { encoding: "utf8" }).split(
    "\n",
  );
  const all = rows.flatMap((row) => {
    const [, own, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(row) ?? [];
    return command === undefined ? [] : [{ pid: Number(own), parent: Number(parent), command }];
  });
  const below = (of: number): typeof all =>
    all.filter(({ parent }) => parent === of).flatMap((it) => [it, ...below(it.pid)]);
  return pid === undefined ? [] : below(pid);
}

import { Failure } from "../../protocol/failure.ts";
import type { EngineContext } from "../context.ts";
import { warn } from "../emit.ts";

/** What was reported as done in one database. */
interface Reported {
  readonly database: string;
  /** Returns what of it did not commit. */
  readonly confirm: () => Promise<readonly string[]>;
}

/** Confirms what was reported as done. Warns about everything that did not commit, and returns how much that is. Throws what `confirm` does. */
export async function confirmCommits(
  reported: readonly Reported[],
  engine: EngineContext,
): Promise<number> {
  let lost = 0;
  for (const { database, confirm } of reported) {
    const names = await confirm();
    lost += names.length;
    if (names.length === 0) continue;
    await warn(
      engine,
      "commit-lost",
      `${database}: Hasura reported success, but ${names.join(", ")} did not commit; replanning.`,
    );
  }
  return lost;
}

/** True if nothing else is sent to Hasura, because it does not respond or rejects the admin secret. */
export function isUnreachable(failure: unknown): boolean {
  return failure instanceof Failure && ["unreachable", "access"].includes(failure.kind);
}

import { poll } from "../../../retry.ts";
import { HasuraCallError } from "../../hasura/client.ts";
import { transientForFiles } from "./classify-outcome.ts";
import { hasTimeToRetry, hasuraBackoff, isTransient, readLedger, sendQuery } from "./client.ts";
import { sqlstate } from "./constants.ts";
import type { LedgerContext } from "./context.ts";
import { advance, type LedgerPosition } from "./position.ts";
import type { LedgerSnapshot } from "./snapshot.ts";
import { recordSql, type LedgerChange } from "./statements.ts";

/**
 * Changes only the record. Neither a success nor an error is trusted: the ledger is read
 * afterwards, and what it does not show is sent again, which the generation makes safe. False:
 * another run has changed the ledger in the meantime. Throws `HasuraCallError`.
 */
export async function recordChanges(
  changes: readonly LedgerChange[],
  position: LedgerPosition,
  context: LedgerContext,
): Promise<boolean> {
  const sql = recordSql(changes, { run: context.request.runId, ...position });
  return poll<boolean>(
    async (attempt) => {
      const error = await errorOf(sendQuery(context, sql));
      if (error && !mayHaveWorked(error)) throw error;
      const snapshot = await readLedger(context);
      if (
        changes.every((change, i) =>
          isRecorded(change, position.generation + BigInt(i + 1), snapshot),
        )
      ) {
        advance(position, changes.length);
        return { done: true, value: true };
      }
      if (snapshot.generation !== position.generation) return { done: true, value: false };
      if (!hasTimeToRetry(context, attempt))
        throw error ?? new HasuraCallError("unknown", "the ledger does not change");
      return { done: false };
    },
    { backoff: hasuraBackoff(context), sleep: context.engine.sleep },
  );
}

async function errorOf(call: Promise<unknown>): Promise<HasuraCallError | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    if (error instanceof HasuraCallError) return error;
    throw error;
  }
}

function isRecorded(
  { what, version }: LedgerChange,
  generation: bigint,
  { applied, gone }: LedgerSnapshot,
): boolean {
  if (what === "adopted" || what === "marked applied")
    return applied.get(version)?.generation === generation;
  return gone.get(version) === generation;
}

/**
 * Also after a refusal of the ledger: the first attempt may have worked, and this is the answer to
 * the second one.
 */
function mayHaveWorked(error: HasuraCallError): boolean {
  const state = error.database?.sqlstate;
  return (
    isTransient(error) ||
    state === undefined ||
    state === sqlstate.busy ||
    state === sqlstate.moved ||
    transientForFiles.has(state)
  );
}

import { HasuraCallError } from "../../hasura/client.ts";
import { recordSql, type LedgerChange } from "./statements.ts";
import { readLedger, isTransient, mostTries, pauseMs, send } from "./client.ts";
import type { LedgerContext } from "./context.ts";
import { sqlstate } from "./functions.ts";
import { advance, type Position } from "./send-step.ts";
import type { LedgerSnapshot } from "./snapshot.ts";
import { transientForFiles } from "./classify-outcome.ts";

/**
 * Changes the books alone, and believes neither a success nor an error: the ledger is read afterwards, and what it does not show is
 * sent again, which the generation makes safe. False: another run has changed the books meanwhile. Throws `HasuraCallError`.
 */
export async function recordChanges(
  changes: readonly LedgerChange[],
  position: Position,
  context: LedgerContext,
): Promise<boolean> {
  const text = recordSql(changes, { run: context.request.runId, ...position });
  for (let tries = 0; ; tries += 1) {
    const error = await refusalOf(send(context, text));
    if (error && !mayHaveWorked(error)) throw error;
    const snapshot = await readLedger(context);
    if (
      changes.every((change, i) => shows(snapshot, change, position.generation + BigInt(i + 1)))
    ) {
      advance(position, changes.length);
      return true;
    }
    if (snapshot.generation !== position.generation) return false;
    if (tries >= mostTries || context.engine.remainingMs() < 20_000)
      throw error ?? new HasuraCallError("unknown", "the books do not change");
    await context.engine.sleep(pauseMs(tries, context.engine.random));
  }
}

async function refusalOf(call: Promise<unknown>): Promise<HasuraCallError | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    if (error instanceof HasuraCallError) return error;
    throw error;
  }
}

function shows(
  { applied, gone }: LedgerSnapshot,
  { what, version }: LedgerChange,
  generation: bigint,
): boolean {
  if (what === "adopted" || what === "marked applied")
    return applied.get(version)?.generation === generation;
  return gone.get(version) === generation;
}

/** Also a refusal of ours: the first try may have worked, and this is the answer to the second one. */
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

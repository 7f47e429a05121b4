import { Failure } from "../../../protocol/failure.ts";
import { beginRunSql } from "./statements.ts";
import { sendUntilAnswered } from "./client.ts";
import type { LedgerContext } from "./context.ts";
import { readSnapshot, type LedgerSnapshot } from "./snapshot.ts";
import { emit } from "../../emit.ts";

const longestPauseMs = 4000;

/**
 * Registers the run, after the one in progress has ended: manners, since every migration is safe by itself. Polls with growing
 * pauses and says for whom it waits. Throws `busy/another-run` after `waitMs`, and `interrupted` when asked to stop.
 */
export async function acquireTurn(context: LedgerContext): Promise<LedgerSnapshot> {
  const startedAt = context.engine.now();
  for (let polls = 0; ; polls += 1) {
    const snapshot = readSnapshot(
      await sendUntilAnswered(context, beginRunSql(context.description, context.liveMs)),
    );
    const free = snapshot.begun && !snapshot.running?.alive;
    // Also when its turn has come meanwhile: whoever asked was told that it had nothing in hand.
    if (snapshot.cancelAsked && !(free && polls === 0)) throw stopped();
    if (free) return snapshot;
    const waitedMs = context.engine.now() - startedAt;
    const holder = holderOf(snapshot);
    if (waitedMs >= context.waitMs || context.engine.remainingMs() < 20_000)
      throw busy(context, holder);
    if (context.engine.stop.aborted) throw stopped();
    await emit(context.engine, {
      type: "waiting",
      reason: "run",
      message: `waiting for ${holder}`,
      waitedMs,
    });
    await context.engine
      .sleep(Math.min(longestPauseMs, 1000 * 2 ** polls), context.engine.stop)
      .catch(() => undefined);
  }
}

function stopped(): Failure {
  return new Failure(
    "interrupted",
    "stopped",
    "The run was stopped while it waited for another one; nothing has run.",
  );
}

function holderOf({ others, running, holder }: LedgerSnapshot): string {
  const other = others[0];
  if (other) {
    const { user, host, ciJob } = other.actor;
    return `${user}'s run ${other.run.slice(0, 13)} (${ciJob ?? `${other.operation} from ${host}`}), started ${String(Math.round(other.ms / 1000))} s ago`;
  }
  if (running)
    return `${running.version}, which is at work on its own (pid ${String(running.pid)})`;
  return holder ? `a migration that is still at work (pid ${String(holder.pid)})` : "another run";
}

function busy({ description, environment, database }: LedgerContext, holder: string): Failure {
  return new Failure(
    "busy",
    "another-run",
    `Another run holds ${environment} (${database.name}): ${holder}.`,
    {
      hints: [
        `hasura-migrate history ${environment}`,
        "wait longer for it:",
        "--wait 10m",
        ...(description.operation === "apply" ? ["what it applies need not be applied again"] : []),
      ],
    },
  );
}

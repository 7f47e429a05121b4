import { exponentialBackoff, poll } from "../../../retry.ts";
import { Failure } from "../../../protocol/failure.ts";
import { retryHint, runHint, textHint } from "../../../protocol/hint.ts";
import { emit } from "../../emit.ts";
import { query } from "./client.ts";
import type { LedgerContext } from "./context.ts";
import { describeLockedBy, readSnapshot, type LedgerSnapshot } from "./snapshot.ts";
import { beginRunSql } from "./statements.ts";

/** Do not wait for another run with less than this much time left. */
const minWaitMs = 20_000;

/**
 * Registers the run after the one in progress, or a rehearsal, has ended. A courtesy: each migration is safe on its
 * own. Emits what it waits for. Throws `busy/another-run` after `waitMs`, `interrupted/stopped` when
 * the run is cancelled, `usage/run-id-taken`, and `busy/delivered-twice`.
 */
export async function acquireTurn(context: LedgerContext): Promise<LedgerSnapshot> {
  const { engine } = context;
  const startedAt = engine.now();
  return poll<LedgerSnapshot>(
    async (attempt) => {
      const sql = beginRunSql(context.description, context.liveMs);
      const snapshot = readSnapshot(await query(context, sql));
      if (snapshot.deliveredTwice) throw deliveredTwice(context);
      if (snapshot.runIdTaken) throw runIdTaken(context);
      const isFree = hasItsTurn(snapshot);
      // Even when its turn has come in the meantime: the cancel request was answered with "not
      // started".
      if (snapshot.cancelAsked && !(isFree && attempt === 1)) throw stopped();
      if (isFree) return { done: true, value: snapshot };
      const waitedMs = engine.now() - startedAt;
      const holder = describeHolder(snapshot);
      if (waitedMs >= context.waitMs || engine.remainingMs() < minWaitMs)
        throw anotherRun(context, holder);
      if (engine.stop.aborted) throw stopped();
      const message = `waiting for ${holder}`;
      await emit(engine, { type: "waiting", reason: "run", message, waitedMs });
      return { done: false };
    },
    {
      backoff: exponentialBackoff({ firstMs: 1000, longestMs: 4000 }),
      // A stop ends the wait, and the next read reports it.
      sleep: (ms) => engine.sleep(ms, engine.stop).catch(() => undefined),
    },
  );
}

/** Not while a session that belongs to no run holds the lock of a migration: a rehearsal, or what a dead run left behind. */
function hasItsTurn({ begun, running, holder }: LedgerSnapshot): boolean {
  return begun && running?.alive !== true && holder === undefined;
}

function runIdTaken({ request, environment, database }: LedgerContext): Failure {
  return new Failure(
    "usage",
    "run-id-taken",
    `The run id ${request.runId} belongs to another run on ${environment} (${database.name}); nothing was run.`,
    {
      hints: [
        retryHint({ reason: "run it again with a new run id" }),
        runHint(["history", environment, "--run", request.runId], "see whose run that is"),
      ],
    },
  );
}

function deliveredTwice({ request, environment }: LedgerContext): Failure {
  return new Failure(
    "busy",
    "delivered-twice",
    `The request of run ${request.runId} was delivered twice: another invocation is executing it, or already has. This one did nothing.`,
    { hints: [runHint(["history", environment, "--run", request.runId], "see how the run went")] },
  );
}

function stopped(): Failure {
  return new Failure(
    "interrupted",
    "stopped",
    "The run was stopped while it waited for another one; nothing was run.",
  );
}

function describeHolder({ others, running, holder }: LedgerSnapshot): string {
  const other = others[0];
  if (other) {
    const { user, host, ciJob } = other.actor;
    const what = ciJob ?? `${other.operation} from ${host}`;
    const seconds = String(Math.round(other.ms / 1000));
    return `${user}'s run ${other.run.slice(0, 13)} (${what}), started ${seconds} s ago`;
  }
  if (running)
    return `${running.version}, which is running outside a transaction (pid ${String(running.pid)})`;
  return holder ? describeLockedBy(holder) : "another run";
}

function anotherRun(context: LedgerContext, holder: string): Failure {
  const { description, environment, database } = context;
  return new Failure(
    "busy",
    "another-run",
    `Another run is working on ${environment} (${database.name}): ${holder}.`,
    {
      hints: [
        runHint(["history", environment], "see what it is doing"),
        retryHint({ with: ["--wait", "10m"], reason: "wait longer for it" }),
        ...(description.operation === "apply"
          ? [textHint("Whatever it applies does not have to be applied again.")]
          : []),
      ],
    },
  );
}

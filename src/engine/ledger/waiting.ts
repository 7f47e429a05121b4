import { Failure } from "../../protocol/failure.ts";
import { begun } from "./calls.ts";
import { sendUntilAnswered } from "./connection.ts";
import type { LedgerContext } from "./context.ts";
import { readSnapshot, type LedgerSnapshot } from "./snapshot.ts";
import { say } from "../say.ts";

const longestPauseMs = 4000;

/**
 * Registers the run, after the one in progress has ended: manners, since every migration is safe by itself. Polls with growing
 * pauses and says for whom it waits. Throws `busy/another-run` after `waitMs`, and `interrupted` when asked to stop.
 */
export async function takeTurn(context: LedgerContext): Promise<LedgerSnapshot> {
  const startedAt = context.deps.now();
  for (let polls = 0; ; polls += 1) {
    const snapshot = readSnapshot(await sendUntilAnswered(context, begun(context.description, context.liveMs)));
    const free = snapshot.begun && !snapshot.running?.alive;
    // Also when its turn has come meanwhile: whoever asked was told that it had nothing in hand.
    if (snapshot.cancelAsked && !(free && polls === 0)) throw stopped();
    if (free) return snapshot;
    const waitedMs = context.deps.now() - startedAt;
    const holder = holderOf(snapshot);
    if (waitedMs >= context.waitMs || context.deps.remainingMs() < 20_000) throw busy(context, holder);
    if (context.deps.stop.aborted) throw stopped();
    await say(context.deps, { type: "waiting", reason: "run", message: `waiting for ${holder}`, waitedMs });
    await context.deps.sleep(Math.min(longestPauseMs, 1000 * 2 ** polls), context.deps.stop).catch(() => undefined);
  }
}

function stopped(): Failure {
  return new Failure("interrupted", "stopped", "The run was stopped while it waited for another one; nothing has run.");
}

function holderOf({ others, running, holder }: LedgerSnapshot): string {
  const other = others[0];
  if (other) {
    const { user, host, ciJob } = other.actor;
    return `${user}'s run ${other.run.slice(0, 13)} (${ciJob ?? `${other.operation} from ${host}`}), started ${String(Math.round(other.ms / 1000))} s ago`;
  }
  if (running) return `${running.version}, which is at work on its own (pid ${String(running.pid)})`;
  return holder ? `a migration that is still at work (pid ${String(holder.pid)})` : "another run";
}

function busy({ description, environment, database }: LedgerContext, holder: string): Failure {
  return new Failure("busy", "another-run", `Another run holds ${environment} (${database.name}): ${holder}.`, {
    hints: [
      `hasura-migrate history ${environment}`,
      "wait longer for it:",
      "--wait 10m",
      ...(description.operation === "apply" ? ["what it applies need not be applied again"] : []),
    ],
  });
}

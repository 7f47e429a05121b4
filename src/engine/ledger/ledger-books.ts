import type { Version } from "../../protocol/migration.ts";
import type { Books, Record as Entry, Step, StepResult } from "../books.ts";
import { ended, recorded, type Change } from "./calls.ts";
import { look, sendUntilAnswered } from "./connection.ts";
import type { LedgerContext } from "./context.ts";
import { runLedgerStep, type Position } from "./ledger-step.ts";
import { reconcile, type CatalogView, type Verdict } from "./reconcile.ts";
import { say } from "../say.ts";
import { refuseInDoubt, sayWhatChanged } from "./reconciled.ts";
import { readSnapshot, type LedgerSnapshot } from "./snapshot.ts";
import { takeTurn } from "./waiting.ts";

/**
 * The ledger's books of one database: every migration and its record in one transaction, and Hasura's catalog state told
 * afterwards. `writing` is false for what only looks: then nothing is reconciled, only understood.
 */
export function ledgerBooks(context: LedgerContext, first: LedgerSnapshot, writing: boolean): Books {
  const { database, writer } = context;
  const { runId } = context.request;
  const position: Position = { generation: first.generation, told: first.synced };
  const done = new Map<Version, Step["direction"]>();
  let snapshot = first;
  let unresolved: readonly Version[] = [];
  let used = false;

  const tell = (version: Version, to: "applied" | "absent"): void => writer.record({ database: database.name, version, to });
  const tellGeneration = (): void => writer.record({ database: database.name, generation: String(position.generation) });

  const adjust = async (verdict: Verdict): Promise<void> => {
    const changes: Change[] = [
      ...verdict.adopt.map((version): Change => ({ what: "adopted", version, name: "" })),
      ...verdict.forget.map((version): Change => ({ what: "forgotten", version, name: "" })),
    ];
    if (changes.length > 0) await record(changes);
    for (const { version, to } of verdict.tell) tell(version, to);
    if (verdict.restored.length === 0 && (changes.length > 0 || verdict.tell.length > 0 || verdict.catalogLost)) tellGeneration();
  };

  const record = async (changes: readonly Change[]): Promise<void> => {
    const answer = await sendUntilAnswered(context, recorded(changes, { run: runId, ...position }));
    position.generation = BigInt(answer.rows[0]?.[0] ?? position.generation);
  };

  return {
    kind: "ledger",
    begin: async () => {
      if (writing) snapshot = await takeTurn(context);
    },
    read: async (): Promise<ReadonlyMap<Version, Entry>> => {
      if (used) snapshot = await look(context);
      used = true;
      position.generation = snapshot.generation;
      const verdict = reconcile(snapshot, await catalogView(context, snapshot.synced));
      unresolved = verdict.restored;
      if (writing) {
        refuseInDoubt(verdict, context);
        await sayWhatChanged(verdict, context);
        await adjust(verdict);
      }
      return verdict.records;
    },
    run: async (step): Promise<StepResult> => {
      const result = await runLedgerStep(step, position, context);
      if (result.outcome === "done") {
        done.set(step.version, step.direction);
        tell(step.version, step.direction === "up" ? "applied" : "absent");
        tellGeneration();
      }
      return result;
    },
    mark: async (version, as, checksum) => {
      await record([
        as === "applied" ? { what: "marked applied", version, name: "", checksum } : { what: "marked pending", version, name: "" },
      ]);
      tell(version, as === "applied" ? "applied" : "absent");
      unresolved = unresolved.filter((it) => it !== version);
      if (unresolved.length === 0) tellGeneration();
    },
    confirm: async () => {
      if (done.size === 0) return [];
      snapshot = await look(context);
      const lost = [...done]
        .filter(([version, direction]) => snapshot.applied.has(version) !== (direction === "up"))
        .map(([version]) => version);
      for (const version of lost) {
        tell(version, done.get(version) === "up" ? "absent" : "applied");
        done.delete(version);
      }
      return lost;
    },
    settle: async () => {
      const left = await writer.settle();
      if (!left) position.told = position.generation;
      else await say(context.deps, untold(context));
    },
    end: async (outcome) => {
      try {
        snapshot = readSnapshot(await sendUntilAnswered(context, ended(runId, outcome, position.told, context.serverId)));
      } catch {
        // The run's row stays open and stops counting as live by itself; nothing of what is applied depends on it.
      }
    },
  };
}

/** A catalog that lags behind what it was told is looked at again: another run may have ended since this one read it. */
async function catalogView({ serverId, store, database }: LedgerContext, told: bigint): Promise<CatalogView> {
  let versions = await store.read(database.name);
  if ((store.generation(database.name) ?? -1n) < told) {
    await store.refresh?.();
    versions = await store.read(database.name);
  }
  const generation = store.generation(database.name);
  return { serverId, versions, ...(generation !== undefined && { generation }) };
}

function untold({ database }: LedgerContext): { type: "log"; level: "warning"; code: string; message: string } {
  const message = `Everything is applied and recorded in ${database.name}'s ledger, but Hasura's own migration state could not be written; the next run tells it.`;
  return { type: "log", level: "warning", code: "catalog-not-told", message };
}

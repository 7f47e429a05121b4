import type { ReadyStep } from "../plan/prepare-plan.ts";
import { refuseEmptyDown } from "../plan/refuse-empty-down.ts";
import { refuseUnfinished } from "../plan/refuse-unfinished.ts";
import { recordedDownFile } from "../plan/select-steps.ts";
import type { MigrationBody } from "../project/migration-file.ts";
import { withoutComments } from "../sql/lexer.ts";
import type { Step } from "../store/store.ts";

/** A step with its files read: what is sent, and what the migration store keeps of it. */
export interface LoadedStep {
  readonly ready: ReadyStep;
  readonly body: MigrationBody;
  readonly step: Step;
}

/** The most characters of SQL in a request with several migrations; it fits even proxies with a low limit. */
const largestBatchLength = 64 * 1024;

/** Statements that may commit implicitly or take long. They are never batched, so that their outcome can be reported exactly. */
const unbatchable =
  /\b((commit|rollback|abort|call|concurrently|vacuum)\b|end\s*;|prepare\s+transaction\b|dblink)/i;

/**
 * Reads the files of the steps from `from` on that may go into one request: one in any case, then up to `most` small ones of the
 * same database. `environment` is for suggested commands. Throws for the first; an unreadable later one is reported when its turn comes.
 */
export async function loadSteps(
  { steps, environment }: { readonly steps: readonly ReadyStep[]; readonly environment: string },
  from: number,
  most: number,
): Promise<readonly LoadedStep[]> {
  const first = steps[from];
  if (!first) return [];
  const head = await loadStep(first, environment);
  const batch = [head];
  if (!isBatchable(head)) return batch;
  let length = lengthOf(head);
  while (batch.length < most) {
    const next = steps[from + batch.length];
    if (next?.store !== first.store) break;
    const loaded = await loadStep(next, environment).catch(() => undefined);
    if (!loaded || !isBatchable(loaded)) break;
    length += lengthOf(loaded);
    if (length > largestBatchLength) break;
    batch.push(loaded);
  }
  return batch;
}

function lengthOf({ step }: LoadedStep): number {
  return step.sql.length + (step.downSql?.length ?? 0);
}

function isBatchable({ ready, body }: LoadedStep): boolean {
  if (ready.replaces !== undefined) return false;
  if (ready.noTransaction || Object.keys(body.directives.settings).length > 0) return false;
  return !hasUnbatchableStatement(body.sql);
}

/** Also true for such words inside quotes: a string or a function body may be executed. */
function hasUnbatchableStatement(sql: string): boolean {
  return unbatchable.test(sql) && unbatchable.test(withoutComments(sql));
}

async function loadStep(ready: ReadyStep, environment: string): Promise<LoadedStep> {
  const { file, migration, direction, store } = ready;
  const body = await file.body();
  // Also where the file was changed after the plan was made.
  refuseEmptyDown(ready, body, environment);
  refuseUnfinished(body.sql, file.path, ready.database.kind);
  const up = direction === "down" ? await migration.up?.checksum() : undefined;
  const down = store.keepsDownSql ? await recordedDownFile(ready)?.body() : undefined;
  const step: Step = {
    database: ready.database,
    version: migration.version,
    name: migration.name,
    direction,
    sql: body.sql,
    checksum: up ?? body.checksum,
    noTransaction: ready.noTransaction,
    settings: body.directives.settings,
    ...(down && { downSql: down.sql }),
  };
  return { ready, body, step };
}

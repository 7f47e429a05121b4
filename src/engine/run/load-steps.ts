import type { Step } from "../store/store.ts";
import type { MigrationBody } from "../project/migration-file.ts";
import type { ReadyStep } from "../plan/prepare-plan.ts";

/** A step and what its files say: what is sent, and what the books keep beside it. */
export interface LoadedStep {
  readonly ready: ReadyStep;
  readonly body: MigrationBody;
  readonly step: Step;
}

/** Characters of SQL in one request, when it holds several migrations: what a proxy with a small limit still passes on. */
const mostTogether = 64 * 1024;

/** These may commit by themselves or take long; whoever does goes alone, so that what is said of it is exact. */
const alone =
  /\b((commit|rollback|abort|call|concurrently|vacuum)\b|end\s*;|prepare\s+transaction\b|dblink)/i;

/**
 * Reads the files of the steps from `from` on, as many as may go in one request: one in any case, then up to `most` small ones of the
 * same database. Throws for the first; whatever is wrong with a later one is said at its own turn.
 */
export async function loadSteps(
  steps: readonly ReadyStep[],
  from: number,
  most: number,
): Promise<readonly LoadedStep[]> {
  const first = steps[from];
  if (!first) return [];
  const group = [await readStep(first)];
  let length = lengthOf(group[0]);
  while (group.length < most && group.every(mayShare)) {
    const next = steps[from + group.length];
    if (next?.store !== first.store) break;
    const read = await readStep(next).catch(() => undefined);
    length += lengthOf(read);
    if (!read || !mayShare(read) || length > mostTogether) break;
    group.push(read);
  }
  return group;
}

function lengthOf(read: LoadedStep | undefined): number {
  return (read?.step.sql.length ?? 0) + (read?.step.downSql?.length ?? 0);
}

function mayShare({ ready, body }: LoadedStep): boolean {
  return (
    !ready.noTransaction &&
    Object.keys(body.directives.settings).length === 0 &&
    !alone.test(body.sql)
  );
}

async function readStep(ready: ReadyStep): Promise<LoadedStep> {
  const { file, migration, direction, store } = ready;
  const body = await file.body();
  const up = direction === "down" ? await migration.up?.body() : undefined;
  const down = direction === "up" && store.keepsDownSql ? await migration.down?.body() : undefined;
  const step: Step = {
    database: ready.database,
    version: migration.version,
    name: migration.name,
    direction,
    sql: body.sql,
    checksum: (up ?? body).checksum,
    noTransaction: ready.noTransaction,
    settings: body.directives.settings,
    ...(down && { downSql: down.sql }),
  };
  return { ready, body, step };
}

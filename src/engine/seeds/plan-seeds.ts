import type { DatabaseSeeds, SeedItem } from "../../protocol/plan-items.ts";
import { Failure } from "../../protocol/failure.ts";
import { retryHint, runHint, textHint, type Hint } from "../../protocol/hint.ts";
import { shortenList } from "../../shorten-list.ts";
import { fingerprintOf } from "../plan/fingerprint.ts";
import { refuseUnfinished } from "../plan/refuse-unfinished.ts";
import type { SeedFile } from "../project/seeds.ts";
import type { DatabaseState } from "../session.ts";
import type { SeedRecord, SeedStore } from "../store/store.ts";
import { refuseOwnTransaction } from "./refuse-own-transaction.ts";

/** One database of a run of seeds. */
export interface SeedDatabase extends Pick<DatabaseState, "database" | "store"> {
  readonly seeds: SeedStore;
  readonly files: readonly SeedFile[];
}

/** A seed that will be run. */
export interface PlannedSeed {
  readonly of: SeedDatabase;
  readonly file: SeedFile;
  /** Of its text when it was planned. */
  readonly checksum: string;
}

/** What a run of seeds does. */
export interface SeedPlan {
  readonly steps: readonly PlannedSeed[];
  readonly databases: readonly DatabaseSeeds[];
  /** Seeds that are skipped because they have already been run; those of this run are left out. */
  readonly skipped: readonly { readonly database: string; readonly item: SeedItem }[];
  /** Of everything that the run does, including what it has already done. */
  readonly fingerprint: string;
}

export interface SeedPlanOptions {
  readonly runId: string;
  /** Also run seeds that have already been run. */
  readonly again: boolean;
}

interface Planned {
  readonly step: PlannedSeed;
  readonly item: SeedItem;
  /** It was run in this run already. */
  readonly isOwn: boolean;
}

/** Plans the seeds of each database in order. Every problem of a file that will be run is thrown here. */
export async function planSeeds(
  databases: readonly SeedDatabase[],
  options: SeedPlanOptions,
): Promise<SeedPlan> {
  const planned: { readonly of: SeedDatabase; readonly seeds: readonly Planned[] }[] = [];
  for (const of of databases) {
    const records = await of.seeds.read();
    const seeds: Planned[] = [];
    for (const file of of.files)
      seeds.push(await planSeed(file, records.get(file.name), of, options));
    planned.push({ of, seeds });
  }
  const all = planned.flatMap(({ seeds }) => seeds);
  const own = all.filter(({ isOwn, item }) => isOwn || isRun(item));
  return {
    steps: all.filter(({ item }) => isRun(item)).map(({ step }) => step),
    databases: planned.map(({ of, seeds }) => ({
      database: of.database.name,
      kind: of.database.kind,
      recorded: of.seeds.isRecorded,
      items: seeds.map(({ item }) => item),
    })),
    skipped: all
      .filter(({ isOwn, item }) => !isOwn && item.state === "applied")
      .map(({ step, item }) => ({ database: step.file.database, item })),
    fingerprint: fingerprintOf(
      own.map(({ step: { file, checksum } }) => [file.database, file.name, checksum]),
    ),
  };
}

function isRun({ state }: SeedItem): boolean {
  return state === "pending" || state === "again";
}

async function planSeed(
  file: SeedFile,
  record: SeedRecord | undefined,
  of: SeedDatabase,
  { runId, again }: SeedPlanOptions,
): Promise<Planned> {
  const isOwn = record?.run === runId && record.isFinished;
  const body = isKnown(file, record) && (isOwn || !again) ? undefined : await file.body();
  const { checksum, lines } = body ?? { checksum: record?.checksum ?? "", lines: 0 };
  const item: SeedItem = {
    ...{ seed: file.name, file: file.path, lines },
    state: isOwn ? "applied" : stateOf(record, checksum, again),
    ...appliedAt(record),
  };
  if (body && isRun(item)) await refuseUnusable(body, file, of);
  return { step: { of, file, checksum }, item, isOwn };
}

function appliedAt(record: SeedRecord | undefined): Pick<SeedItem, "appliedAt"> {
  return record?.appliedAt ? { appliedAt: record.appliedAt.toISOString() } : {};
}

/** True for a seed whose text was not uploaded, because it has already been run and is unchanged. */
function isKnown({ checksum }: SeedFile, record: SeedRecord | undefined): boolean {
  return checksum !== undefined && checksum === record?.checksum;
}

function stateOf(
  record: SeedRecord | undefined,
  checksum: string,
  again: boolean,
): SeedItem["state"] {
  if (again) return "again";
  if (record === undefined) return "pending";
  if (!record.isFinished) return "unfinished";
  return record.checksum === checksum ? "applied" : "changed";
}

async function refuseUnusable(
  { sql, directives }: Awaited<ReturnType<SeedFile["body"]>>,
  { path }: SeedFile,
  { database }: SeedDatabase,
): Promise<void> {
  if (directives.noTransaction)
    throw new Failure(
      "usage",
      "seed-not-transactional",
      `${path}, line 1: a seed cannot be run outside a transaction; nothing was run.`,
      { hints: [textHint("Remove the line -- hasura:no-transaction.")] },
    );
  refuseUnfinished(sql, path, database.kind);
  await refuseOwnTransaction(sql, path, database.kind);
}

/**
 * Throws `usage` failures for a plan that cannot be run: `seeds-not-recorded` for a database without a ledger, unless seeds are run
 * again, `seed-changed` and `seed-unfinished`.
 */
export function refuseSeeds(
  { databases }: SeedPlan,
  { environment, again }: { readonly environment: string; readonly again: boolean },
): void {
  if (again) return;
  const unrecorded = databases.find(({ recorded }) => !recorded);
  if (unrecorded) throw notRecorded(unrecorded.database);
  const filesIn = (state: SeedItem["state"]): string[] =>
    databases.flatMap(({ items }) =>
      items.filter((item) => item.state === state).map((item) => item.file),
    );
  const unfinished = filesIn("unfinished");
  if (unfinished.length > 0) throw notFinished(unfinished, environment);
  const changed = filesIn("changed");
  if (changed.length > 0) throw hasChanged(changed);
}

/** At most this many files are named in a suggested command. */
const suggestedAtMost = 5;

function againHint(files: readonly string[], reason: string): Hint {
  const only = files.flatMap((file) => ["--file", file]);
  return files.length > suggestedAtMost
    ? textHint(`${reason}: select them with --file, and add --again.`)
    : retryHint({ with: [...only, "--again"], without: ["--file", "--dry-run"], reason });
}

function notRecorded(database: string): Failure {
  return new Failure(
    "usage",
    "seeds-not-recorded",
    `${database} has no ledger in which to record the seeds that were run; nothing was run.`,
    {
      hints: [
        retryHint({
          with: ["--again"],
          without: ["--dry-run"],
          reason: "run all selected seeds, even if they have already been run",
        }),
      ],
    },
  );
}

function hasChanged(files: readonly string[]): Failure {
  const [verb, them] = files.length === 1 ? ["has", "it"] : ["have", "them"];
  return new Failure(
    "usage",
    "seed-changed",
    `${shortenList(files)} ${verb} changed since ${files.length === 1 ? "it was" : "they were"} run; nothing was run.`,
    {
      hints: [
        againHint(
          files,
          `to run ${them} again, although the rows of the first run may still exist`,
        ),
        textHint("Or restore the files, and put the new rows into a new seed file."),
      ],
    },
  );
}

function notFinished(files: readonly string[], environment: string): Failure {
  return new Failure(
    "usage",
    "seed-unfinished",
    `${shortenList(files)} ended ${files.length === 1 ? "its" : "their"} own transaction in an earlier run and did not finish; nothing was run.`,
    {
      hints: [
        textHint("Find out which of the rows exist in the database."),
        runHint(["history", environment], "to see when it was run"),
        againHint(files, "to run it again"),
      ],
    },
  );
}

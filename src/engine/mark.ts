import { Failure } from "../protocol/failure.ts";
import { compareVersions, type Version } from "../protocol/migration.ts";
import type { RequestOf } from "../protocol/request.ts";
import { concurrently } from "./concurrently.ts";
import type { EngineDeps } from "./engine-deps.ts";
import type { Ending } from "./migrate.ts";
import { say } from "./say.ts";
import { openSession, refuseDisabled, type KnownDatabase, type Session } from "./session.ts";

/**
 * `mark`: changes the books without running SQL. Everything is checked before anything is written; a version that stands so
 * already is skipped.
 */
export async function markVersions(request: RequestOf<"mark">, deps: EngineDeps): Promise<Ending> {
  const session = await openSession(request, request.options.database, deps);
  refuseDisabled(session);
  const { as } = request.options;
  const known = databaseFor(session, request.options.versions);
  const versions = [...new Set(request.options.versions)].sort(compareVersions);
  for (const version of versions) refuseUnknown(known, version, as);
  const due = versions.filter((version) =>
    as === "applied" ? known.recorded.get(version)?.state !== "applied" : known.recorded.has(version),
  );
  await known.books.mark(await concurrently(due, async (version) => ({ version, checksum: await checksum(known, version) })), as);
  await known.books.settle();
  const changed = new Set(due);
  for (const version of versions) await sayMarked(known, version, as, changed.has(version), deps);
  return { applied: 0, notReached: 0, cancelled: false };
}

async function sayMarked(
  known: KnownDatabase,
  version: Version,
  as: "applied" | "pending",
  done: boolean,
  deps: EngineDeps,
): Promise<void> {
  const of = { database: known.database.name, version, name: nameOf(known, version) };
  if (done) await say(deps, { type: "migration.marked", ...of, as });
  else await say(deps, { type: "migration.skipped", ...of, direction: as === "applied" ? "up" : "down", reason: `already ${as}` });
}

function databaseFor({ databases }: Session, versions: readonly Version[]): KnownDatabase {
  const having = databases.filter((it) => it.migrations.length > 0 || it.recorded.size > 0);
  const [first, second] = having.length > 0 ? having : databases;
  if (!first) throw new Failure("usage", "unknown-version", `There is no version ${versions.join(", ")}: no database has migrations here.`);
  if (!second) return first;
  const names = having.map((it) => it.database.name);
  throw new Failure("usage", "database-needed", `There are several databases (${names.join(", ")}): say which one.`, {
    hints: names.map((name) => `--database ${name}`),
  });
}

function refuseUnknown({ database, migrations, recorded }: KnownDatabase, version: Version, as: string): void {
  if (recorded.has(version) || migrations.some((it) => it.version === version)) return;
  throw new Failure(
    "usage",
    "unknown-version",
    `Version ${version} cannot be marked as ${as}: ${database.name} has neither a file nor a record of it.`,
  );
}

async function checksum({ migrations }: KnownDatabase, version: Version): Promise<string | undefined> {
  const body = await migrations.find((it) => it.version === version)?.up?.body();
  return body?.checksum;
}

function nameOf({ migrations }: KnownDatabase, version: Version): string {
  return migrations.find((it) => it.version === version)?.name ?? "";
}

import type { EventOf } from "../../protocol/events.ts";
import type { StatusRow } from "../../protocol/status-rows.ts";
import { migrationLabel, type Version } from "../../protocol/migration.ts";
import { plural } from "../output/format.ts";

/** This many files are named; the rest are counted. */
const namedAtMost = 5;

/** A migration of the local project. */
export interface LocalMigration {
  readonly version: Version;
  readonly name: string;
  readonly up?: {
    /** Relative to the project's root. */
    readonly path: string;
    readonly runnable: boolean;
    /** Reads the file; rejects if that fails, or if its directives are wrong. */
    body(): Promise<{
      readonly sql: string;
      readonly blank: boolean;
      readonly directives: { readonly noTransaction: boolean };
    }>;
  };
}

/** The migrations of a project by database, in the order of their versions. */
export type LocalMigrations = ReadonlyMap<string, readonly LocalMigration[]>;

/**
 * The local files that the function does not have, as one sentence: without it, someone on a branch would read
 * "nothing pending" and trust it. Undefined when none is missing. `image` is how messages name the function's image; `only`
 * is the database that the run is about, where it is not about all.
 */
export function missingInImage(
  local: LocalMigrations,
  event: EventOf<"status"> | EventOf<"plan">,
  image: string,
  only?: string,
): string | undefined {
  const missing = migrationsNotInImage(local, event, only) ?? [];
  if (missing.length === 0) return undefined;
  const names = missing.slice(0, namedAtMost).map(({ migration }) => migrationLabel(migration));
  const more = missing.length > namedAtMost ? ` and ${missing.length - namedAtMost} more` : "";
  const verb = missing.length === 1 ? "is" : "are";
  const them = missing.length === 1 ? "it" : "them";
  return `! ${plural(missing.length, "local file")} ${verb} not in the ${image === "" ? "image" : image}: ${names.join(", ")}${more}. Build and deploy an image that contains ${them}, or send ${them} with --from.`;
}

/** The local migrations that the function does not have; undefined if a function does not list its files. */
export function migrationsNotInImage(
  local: LocalMigrations,
  event: EventOf<"status"> | EventOf<"plan">,
  only?: string,
): { readonly database: string; readonly migration: LocalMigration }[] | undefined {
  const listed = event.type === "status" ? filesOfStatus(event) : filesOfPlan(event);
  if (listed === undefined) return undefined;
  return [...local]
    .filter(([database]) => only === undefined || database === only)
    .flatMap(([database, migrations]) =>
      migrations
        .filter(({ version }) => listed.get(database)?.has(version) !== true)
        .map((migration) => ({ database, migration })),
    );
}

/** The versions that the function has a file for, by database. */
type ListedFiles = ReadonlyMap<string, ReadonlySet<Version>>;

function filesOfStatus({ databases }: EventOf<"status">): ListedFiles {
  return new Map(
    databases.map(({ database, migrations }) => [
      database,
      new Set(migrations.filter(hasFile).map(({ version }) => version)),
    ]),
  );
}

/** Rows with a file have a `down` field; for functions that do not send it, the state decides. */
function hasFile({ hasDown, state }: StatusRow): boolean {
  return hasDown !== undefined || state !== "unknown";
}

function filesOfPlan({ databases }: EventOf<"plan">): ListedFiles | undefined {
  if (databases.some(({ files }) => files === undefined)) return undefined;
  return new Map(databases.map(({ database, files }) => [database, new Set(files)]));
}

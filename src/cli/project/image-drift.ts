import type { EventOf, StatusRow } from "../../protocol/events.ts";
import { migrationLabel, type Version } from "../../protocol/migration.ts";
import { plural } from "../output/format.ts";

/** This many files are named, the rest is counted. */
const namedAtMost = 5;

/** The migrations of a project by database, in the order of their versions. */
export type LocalMigrations = ReadonlyMap<
  string,
  readonly { readonly version: Version; readonly name: string }[]
>;

/**
 * The local files that the function does not have, as one sentence: without it, somebody on a branch would read
 * "nothing pending" and trust it. Undefined when none is missing. `image` is how messages name the function's image; `only`
 * is the database that the run is about, where it is not about all.
 */
export function missingInImage(
  local: LocalMigrations,
  event: EventOf<"status"> | EventOf<"plan">,
  image: string,
  only?: string,
): string | undefined {
  const listed = event.type === "status" ? filesOfStatus(event) : filesOfPlan(event);
  // There is nothing to compare with if a function does not list its files.
  if (listed === undefined) return undefined;
  const missing = [...local]
    .filter(([database]) => only === undefined || database === only)
    .flatMap(([database, migrations]) =>
      migrations.filter(({ version }) => listed.get(database)?.has(version) !== true),
    );
  if (missing.length === 0) return undefined;
  const names = missing.slice(0, namedAtMost).map((row) => migrationLabel(row));
  const more = missing.length > namedAtMost ? ` and ${missing.length - namedAtMost} more` : "";
  const verb = missing.length === 1 ? "is" : "are";
  return `! ${plural(missing.length, "file")} here ${verb} not in the ${image === "" ? "image" : image}: ${names.join(", ")}${more}. Build and deploy an image that has them.`;
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

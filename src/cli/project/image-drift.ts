import type { EventOf } from "../../protocol/events.ts";
import { compareVersions, type Version } from "../../protocol/migration.ts";
import { plural } from "../output/format.ts";

/** This many files are named, the rest is counted. */
const namedAtMost = 5;

/** The migrations of a project by database, in the order of their versions. */
export type LocalMigrations = ReadonlyMap<
  string,
  readonly { readonly version: Version; readonly name: string }[]
>;

/**
 * The files of the project here that the function does not have, as one sentence: without it, somebody on a branch would read
 * "nothing pending" and trust it. Undefined when none is missing. `image` is how messages name the function's image.
 */
export function missingInImage(
  local: LocalMigrations,
  event: EventOf<"status"> | EventOf<"plan">,
  image: string,
): string | undefined {
  const missing =
    event.type === "status" ? missingInStatus(local, event) : missingInPlan(local, event);
  if (missing.length === 0) return undefined;
  const names = missing.slice(0, namedAtMost).map(({ version, name }) => `${version}_${name}`);
  const more = missing.length > namedAtMost ? ` and ${missing.length - namedAtMost} more` : "";
  const verb = missing.length === 1 ? "is" : "are";
  return `! ${plural(missing.length, "file")} here ${verb} not in the ${image === "" ? "image" : image}: ${names.join(", ")}${more}. Build and deploy an image that has them.`;
}

function missingInStatus(
  local: LocalMigrations,
  { databases }: EventOf<"status">,
): { version: Version; name: string }[] {
  return databases.flatMap(({ database, migrations }) => {
    const inImage = new Set(
      migrations.filter(({ state }) => state !== "unknown").map(({ version }) => version),
    );
    return (local.get(database) ?? []).filter(({ version }) => !inImage.has(version));
  });
}

/** A plan lists only what is pending and the newest file: older files may be in the image without being listed. */
function missingInPlan(
  local: LocalMigrations,
  { databases }: EventOf<"plan">,
): { version: Version; name: string }[] {
  return databases.flatMap(({ database, newestFile }) =>
    newestFile === undefined
      ? []
      : (local.get(database) ?? []).filter(
          ({ version }) => compareVersions(version, newestFile) > 0,
        ),
  );
}

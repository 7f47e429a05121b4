import type { EventOf } from "../../protocol/events.ts";
import { compareVersions, type Version } from "../../protocol/migration.ts";
import { plural } from "../output/format.ts";

/** How many files are named; the rest is counted. */
const mostNamed = 5;

/** The migrations of a project, as far as they matter here: by database, in the order of their versions. */
export type LocalMigrations = ReadonlyMap<
  string,
  readonly { readonly version: Version; readonly name: string }[]
>;

/**
 * What the project here has and the function has not, as one sentence: without it somebody on a branch reads "nothing
 * pending" and believes it. Undefined when nothing is missing. `image` is how messages call what the function was made of.
 */
export function missingInImage(
  here: LocalMigrations,
  event: EventOf<"status"> | EventOf<"plan">,
  image: string,
): string | undefined {
  const missing =
    event.type === "status" ? missingInStatus(here, event) : missingInPlan(here, event);
  if (missing.length === 0) return undefined;
  const names = missing.slice(0, mostNamed).map(({ version, name }) => `${version}_${name}`);
  const more = missing.length > mostNamed ? ` and ${missing.length - mostNamed} more` : "";
  const verb = missing.length === 1 ? "is" : "are";
  return `! ${plural(missing.length, "file")} here ${verb} not in the ${image === "" ? "image" : image}: ${names.join(", ")}${more}. Build and deploy the image with them.`;
}

function missingInStatus(
  here: LocalMigrations,
  { databases }: EventOf<"status">,
): { version: Version; name: string }[] {
  return databases.flatMap(({ database, migrations }) => {
    const there = new Set(
      migrations.filter(({ state }) => state !== "unknown").map(({ version }) => version),
    );
    return (here.get(database) ?? []).filter(({ version }) => !there.has(version));
  });
}

/** A plan names what is pending and the newest file; what is older than that one may be there without being named. */
function missingInPlan(
  here: LocalMigrations,
  { databases }: EventOf<"plan">,
): { version: Version; name: string }[] {
  return databases.flatMap(({ database, newestFile }) =>
    newestFile === undefined
      ? []
      : (here.get(database) ?? []).filter(
          ({ version }) => compareVersions(version, newestFile) > 0,
        ),
  );
}

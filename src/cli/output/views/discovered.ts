import type { Discovery, DiscoveredFunction } from "../../discovery/environments.ts";
import { toFailureData } from "../../../protocol/failure.ts";
import { shortAccount, plural } from "../format.ts";
import { hintText } from "../hints.ts";
import { jsonLine } from "../json-line.ts";
import { tableLines } from "../terminal/table-lines.ts";
import { wrap } from "../terminal/width.ts";

/** What discovery found, one function a line, then what could not be searched. */
export function discoveredLines(discovery: Discovery, columns: number): string[] {
  const { functions, ambiguous, failures } = discovery;
  const rows = functions.map((each) => [
    each.environment,
    each.region,
    each.account === "" ? "" : shortAccount(each.account),
    each.profiles.join(", "),
    each.name,
  ]);
  const lines = tableLines(
    ["environment", "region", "account", "profiles", "function"],
    rows,
    columns,
  );
  const none = failures.length === 0 ? ["No function has the tag hasura-migrate:environment."] : [];
  const doubtful = ambiguous.flatMap((environment) =>
    wrap(
      `! ${environment} is the tag of ${plural(countOf(environment, functions), "function")}: name one with "function" in hasura-migrate.json.`,
      columns,
    ),
  );
  const failed = failures.flatMap(({ place, failure }) => [
    ...wrap(`✗ ${placeText(place)}: ${failure.message}`, columns),
    // Only the first; `--json` has all of them.
    ...failure.hints
      .filter(({ kind }) => kind !== "retry")
      .slice(0, 1)
      .flatMap((hint) => wrap(`  → ${hintText(hint)}`, columns)),
  ]);
  return [...(functions.length === 0 ? none : lines), ...doubtful, ...failed];
}

/** The same as JSON. */
export function discoveredJsonLines({ functions, ambiguous, failures }: Discovery): string[] {
  return [
    ...functions.map(({ environment, arn, name, account, region, profiles }) =>
      jsonLine({
        ...{ type: "discovered", env: environment, region, account, function: name, arn, profiles },
        ...(ambiguous.includes(environment) && { ambiguous: true }),
      }),
    ),
    ...failures.map(({ place: { profile, region }, failure }) =>
      jsonLine({ type: "discovery.failed", profile, region, failure: toFailureData(failure) }),
    ),
  ];
}

function countOf(environment: string, functions: readonly DiscoveredFunction[]): number {
  return functions.filter((each) => each.environment === environment).length;
}

function placeText({
  profile,
  region,
}: {
  readonly profile?: string;
  readonly region: string;
}): string {
  return profile === undefined ? region : `profile ${profile}, ${region}`;
}

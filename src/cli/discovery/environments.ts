import type { Failure } from "../../protocol/failure.ts";
import { functionReference } from "../config/parse-function-name.ts";
import type { TaggedFunction } from "../connection/aws/tagged-functions.ts";

/** Where functions were looked for, and what was found there. */
export interface SearchedPlace {
  /** Absent for credentials of the environment. */
  readonly profile?: string;
  readonly region: string;
  readonly found: readonly TaggedFunction[] | Failure;
}

/** A function with the tag, and the profiles that find it. */
export interface DiscoveredFunction {
  readonly environment: string;
  readonly arn: string;
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly profiles: readonly string[];
}

export interface Discovery {
  /** By environment, then by ARN. */
  readonly functions: readonly DiscoveredFunction[];
  /** Environments that several functions claim: none of them can be meant by the name. */
  readonly ambiguous: readonly string[];
  readonly failures: readonly { readonly place: SearchedPlace; readonly failure: Failure }[];
}

/** What several places found together: a function that several profiles find is one function. */
export function summarise(places: readonly SearchedPlace[]): Discovery {
  const functions = new Map<string, DiscoveredFunction>();
  for (const { profile, region, found } of places) {
    if (found instanceof Error) continue;
    for (const { environment, arn } of found) {
      const { name, account = "" } = functionReference(arn);
      const known = functions.get(arn);
      const profiles = [...(known?.profiles ?? []), ...(profile === undefined ? [] : [profile])];
      functions.set(arn, { environment, arn, name, account, region, profiles });
    }
  }
  const sorted = [...functions.values()].sort(
    (a, b) => compare(a.environment, b.environment) || compare(a.arn, b.arn),
  );
  const names = sorted.map(({ environment }) => environment);
  return {
    functions: sorted,
    ambiguous: [...new Set(names.filter((name, i) => names.indexOf(name) !== i))],
    failures: places.flatMap((place) =>
      place.found instanceof Error ? [{ place, failure: place.found }] : [],
    ),
  };
}

/** Names with numbers in their order: dev-2 before dev-10. */
function compare(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

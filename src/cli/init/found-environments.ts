import type { CliContext } from "../context.ts";
import type { LoadedConfig } from "../config/load.ts";
import { discover, type SearchOptions } from "../discovery/discover.ts";
import { summarise, type DiscoveredFunction } from "../discovery/environments.ts";
import { discoveredLines } from "../output/views/discovered.ts";
import type { NewEnvironment } from "./new-config.ts";

/** Looks for deployed functions, shows what was found, and resolves to those that a name stands for. */
export async function foundEnvironments(
  context: CliContext,
  options: SearchOptions,
  loaded: LoadedConfig,
): Promise<NewEnvironment[]> {
  const found = summarise(await discover(context, options, loaded));
  const columns = context.err.isTTY ? context.err.columns : Infinity;
  for (const line of discoveredLines(found, columns)) context.err.write(`${line}\n`);
  return found.functions
    .filter(({ environment }) => !found.ambiguous.includes(environment))
    .map(environmentOf)
    .map((each) => ({ ...each, ...placeTyped(options, each) }));
}

/** A service on this machine needs its address; the region that stands in for one that was not typed is left out. */
function placeTyped(
  { endpointUrl, region }: SearchOptions,
  found: NewEnvironment,
): Pick<NewEnvironment, "endpointUrl" | "region"> {
  return endpointUrl === undefined ? { region: found.region } : { endpointUrl, region };
}

function environmentOf({
  environment: name,
  region,
  profiles,
  ...called
}: DiscoveredFunction): NewEnvironment {
  // Of several profiles that reach it, one that has its name is meant.
  const profile = profiles.find((each) => each === name) ?? profiles[0];
  return {
    ...{ name, region },
    ...(profile !== undefined && profile !== name && { profile }),
    ...(called.name !== `hasura-migrate-${name}` && { function: called.name }),
  };
}

import type { FileConfig } from "../config/schema.ts";

/** An environment for a new configuration; what it shares with all others becomes a default. */
export interface NewEnvironment {
  readonly name: string;
  readonly profile?: string | undefined;
  readonly region?: string | undefined;
  /** Absent where it is the address of AWS. */
  readonly endpointUrl?: string | undefined;
  /** Absent where the convention gives the function its name. */
  readonly function?: string | undefined;
  readonly protected?: boolean | undefined;
}

/** The configuration of these environments, in their order. */
export function newConfig(environments: readonly NewEnvironment[], schema: string): FileConfig {
  const defaults = {
    ...shared(environments, "profile"),
    ...shared(environments, "region"),
    ...shared(environments, "endpointUrl"),
  };
  return {
    $schema: schema,
    ...(Object.keys(defaults).length > 0 && { defaults }),
    environments: Object.fromEntries(
      environments.map(
        ({ name, profile, region, endpointUrl, function: called, protected: guarded }) => [
          name,
          {
            ...(profile !== undefined && profile !== defaults.profile && { profile }),
            ...(region !== undefined && region !== defaults.region && { region }),
            ...(endpointUrl !== undefined &&
              endpointUrl !== defaults.endpointUrl && { endpointUrl }),
            ...(called !== undefined && { function: called }),
            ...(guarded && { protected: true }),
          },
        ],
      ),
    ),
  };
}

/** The value of all of them, if it is one. */
function shared(
  environments: readonly NewEnvironment[],
  key: "profile" | "region" | "endpointUrl",
): { profile?: string; region?: string; endpointUrl?: string } {
  const [first] = environments;
  const value = first?.[key];
  return value !== undefined && environments.every((each) => each[key] === value)
    ? { [key]: value }
    : {};
}

/** Names that a person would expect to be protected. */
export function looksLikeProduction(name: string): boolean {
  return /^(prod|production|live)([._-]|$)/i.test(name);
}

import type { LoadedConfig } from "../../config/load.ts";
import { environmentNames, noConfigText, resolveTarget } from "../../config/resolve-target.ts";
import { jsonLine } from "../json-line.ts";
import { groupJsonLines, originLines, originsOf } from "./origins.ts";
import { padEnd, textWidth } from "../terminal/width.ts";

/** The lines of `envs`, for people or as JSON. */
export function listEnvironments(
  loaded: LoadedConfig,
  {
    json = false,
    showOrigin = false,
  }: { readonly json?: boolean | undefined; readonly showOrigin?: boolean | undefined },
): string[] {
  if (json) return environmentJsonLines(loaded, showOrigin);
  if (environmentNames(loaded).length === 0) return [noConfigText];
  return showOrigin ? originLines(loaded) : environmentLines(loaded);
}

/** One JSON object per environment; with their origins also one per group. */
function environmentJsonLines(loaded: LoadedConfig, showOrigin: boolean): string[] {
  const environments = environmentNames(loaded).map((name) => {
    const { environment, profile, ...rest } = resolveTarget(name, loaded, {});
    return jsonLine({
      type: "environment",
      env: environment,
      ...rest,
      endpointFrom: undefined,
      profile: profile.name,
      profileFrom: profile.from,
      groups: groupsOf(environment, loaded),
      ...(showOrigin && { origins: originsOf(name, loaded) }),
    });
  });
  return showOrigin ? [...environments, ...groupJsonLines(loaded)] : environments;
}

/** The groups that an environment is in; undefined if it is in none. */
function groupsOf(environment: string, { config }: LoadedConfig): string[] | undefined {
  const groups = Object.entries(config.groups ?? {}).flatMap(([group, members]) =>
    members.includes(environment) ? [group] : [],
  );
  return groups.length > 0 ? groups : undefined;
}

/** One line per environment, in columns. */
function environmentLines(loaded: LoadedConfig): string[] {
  const targets = environmentNames(loaded).map((name) => resolveTarget(name, loaded, {}));
  const rows = targets.map((target) => [
    target.environment,
    target.region ?? "",
    target.profile.name,
    target.function,
    target.protected ? "protected" : "",
  ]);
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...rows.map((row) => textWidth(row[column] ?? ""))),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => padEnd(cell, widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

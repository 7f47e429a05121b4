import type { LoadedConfig } from "../../config/load.ts";
import {
  environmentNames,
  noConfigText,
  resolveTarget,
  type Target,
} from "../../config/resolve-target.ts";
import { jsonLine } from "../json-line.ts";
import { tableLines } from "../terminal/table-lines.ts";
import { groupJsonLines, originLines, originsOf } from "./origins.ts";

/** The lines of `envs`, for people or as JSON. */
export function listEnvironments(
  loaded: LoadedConfig,
  {
    json = false,
    showOrigin = false,
    cwd,
  }: {
    readonly json?: boolean | undefined;
    readonly showOrigin?: boolean | undefined;
    /** Files below it are named relative to it. */
    readonly cwd: string;
  },
): string[] {
  if (json) return environmentJsonLines(loaded, showOrigin);
  if (environmentNames(loaded).length === 0) return [noConfigText];
  return showOrigin ? originLines(loaded, cwd) : environmentLines(loaded);
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

/** A table of the environments, the groups, and the file that they come from. */
function environmentLines(loaded: LoadedConfig): string[] {
  const targets = environmentNames(loaded).map((name) => resolveTarget(name, loaded, {}));
  const rows = targets.map((target) => [
    target.environment,
    target.region ?? "",
    target.profile.name,
    target.function,
    notesOf(target).join(", "),
  ]);
  const groups = Object.entries(loaded.config.groups ?? {}).map(
    ([group, members]) => `group ${group}: ${members.join(", ")}`,
  );
  const from = loaded.file === undefined ? [] : [`configured in ${loaded.file}`];
  return [
    ...tableLines(["environment", "region", "profile", "function", ""], rows),
    "",
    ...groups,
    ...from,
  ];
}

/** What is not as usual, in the words of the configuration. */
function notesOf({
  protected: isProtected,
  source,
  metadata,
  task,
  endpointUrl,
}: Target): string[] {
  return [
    ...(isProtected ? ["protected"] : []),
    ...(source === "local" ? ["source: local"] : []),
    ...(task === undefined ? [] : ["runner: ecs"]),
    ...(metadata === true ? ["metadata"] : []),
    ...(endpointUrl === undefined ? [] : [endpointUrl]),
  ];
}

import { relative } from "node:path";
import type { LoadedConfig } from "../../config/load.ts";
import {
  environmentNames,
  groupNames,
  originOf,
  resolveTarget,
  type Origin,
} from "../../config/resolve-target.ts";
import { functionReference } from "../../config/parse-function-name.ts";
import { jsonLine } from "../json-line.ts";
import { padEnd, textWidth } from "../terminal/width.ts";

/** A value of an environment, and where it is set; without an origin it follows from the convention. */
interface Setting {
  readonly key: string;
  readonly value: string;
  readonly origin: Origin | undefined;
}

/** `envs --show-origin`: each value of each environment with the file and the key that it comes from. */
export function originLines(loaded: LoadedConfig, cwd: string): string[] {
  const settings = environmentNames(loaded).map(
    (name) => [name, settingsOf(name, loaded)] as const,
  );
  const rows = settings.flatMap(([, list]) => list);
  const widthOf = (column: "key" | "value"): number =>
    Math.max(0, ...rows.map((row) => textWidth(row[column])));
  const environments = settings.flatMap(([name, list]) => [
    name,
    ...list.map(
      ({ key, value, origin }) =>
        `  ${padEnd(key, widthOf("key"))}  ${padEnd(value, widthOf("value"))}  ${originText(origin, cwd)}`,
    ),
  ]);
  const groups = groupNames(loaded).map(
    (name) =>
      `group ${name}: ${membersOf(name, loaded).join(", ")}  ${fileText(loaded.originOf?.("groups", name) ?? "", cwd)}`,
  );
  return [...environments, ...groups];
}

/** The origins of an environment's values by key, for `--json`. */
export function originsOf(name: string, loaded: LoadedConfig): Record<string, Origin> {
  return Object.fromEntries(
    settingsOf(name, loaded).flatMap(({ key, origin }) => (origin ? [[key, origin]] : [])),
  );
}

/** The groups as JSON, with the file of each. */
export function groupJsonLines(loaded: LoadedConfig): string[] {
  return groupNames(loaded).map((name) =>
    jsonLine({
      type: "group",
      name,
      environments: membersOf(name, loaded),
      file: loaded.originOf?.("groups", name),
    }),
  );
}

function settingsOf(name: string, loaded: LoadedConfig): Setting[] {
  const target = resolveTarget(name, loaded, {});
  const { defaults, environments } = loaded.config;
  const set = { ...defaults, ...environments?.[name] };
  const ecs = { ...defaults?.ecs, ...environments?.[name]?.ecs };
  const values = {
    profile: target.profile.name,
    region: target.region,
    function: target.function,
    protected: String(target.protected),
    endpointUrl: target.endpointUrl,
    aliases: set.aliases?.toString(),
    runner: set.runner,
    ecs: Object.keys(ecs).length === 0 ? undefined : JSON.stringify(ecs),
    source: set.source,
    metadata: set.metadata?.toString(),
  };
  const keys = [
    ...(["profile", "region", "function", "protected", "endpointUrl", "aliases"] as const),
    ...(["runner", "ecs", "source", "metadata"] as const),
  ];
  return keys.flatMap((key) => {
    const value = values[key];
    if (value === undefined) return [];
    const origin =
      key === "region" ? regionOrigin(name, target.function, loaded) : originOf(name, key, loaded);
    return [{ key, value, origin }];
  });
}

/** The region in a function's ARN precedes that of the defaults. */
function regionOrigin(name: string, called: string, loaded: LoadedConfig): Origin | undefined {
  const isOwn = loaded.originOf?.("environments", name, "region") !== undefined;
  const fromArn = !isOwn && functionReference(called).region !== undefined;
  return originOf(name, fromArn ? "function" : "region", loaded);
}

function membersOf(group: string, { config }: LoadedConfig): readonly string[] {
  return config.groups?.[group] ?? [];
}

function originText(origin: Origin | undefined, cwd: string): string {
  return origin === undefined ? "by convention" : `${fileText(origin.file, cwd)}: ${origin.key}`;
}

function fileText(file: string, cwd: string): string {
  const path = relative(cwd, file);
  return file === "" || path.startsWith("..") ? file : path;
}

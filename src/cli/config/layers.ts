import type { FileConfig } from "./schema.ts";

/** One file of a configuration, checked. */
export interface Layer {
  readonly file: string;
  readonly config: FileConfig;
}

/** Which file a value comes from: `originOf("environments", "dev-1", "region")`. */
export type OriginOf = (...path: readonly string[]) => string | undefined;

export interface MergedConfig {
  readonly config: FileConfig;
  readonly originOf: OriginOf;
}

/**
 * One configuration of several files, of which the first is the nearest: its values win. `defaults` and each environment are
 * merged key by key, and so are the rules of `lint`; a group is replaced as a whole.
 */
export function mergeLayers(layers: readonly Layer[]): MergedConfig {
  const origins = new Map<string, string>();
  const furthestFirst = [...layers].reverse();
  for (const { file, config } of furthestFirst)
    for (const path of pathsOf(config)) origins.set(JSON.stringify(path), file);
  const config = furthestFirst.map((layer) => layer.config).reduce(merge, {});
  return { config, originOf: (...path) => origins.get(JSON.stringify(path)) };
}

function merge(base: FileConfig, nearer: FileConfig): FileConfig {
  const { defaults, environments, groups, lint } = nearer;
  const merged: FileConfig = {};
  if (base.defaults ?? defaults) merged.defaults = { ...base.defaults, ...defaults };
  if (base.environments ?? environments)
    merged.environments = {
      ...base.environments,
      ...Object.fromEntries(
        Object.entries(environments ?? {}).map(([name, settings]) => [
          name,
          { ...base.environments?.[name], ...settings },
        ]),
      ),
    };
  if (base.groups ?? groups) merged.groups = { ...base.groups, ...groups };
  if (base.lint ?? lint) merged.lint = { rules: { ...base.lint?.rules, ...lint?.rules } };
  return merged;
}

function pathsOf({ defaults = {}, environments = {}, groups = {} }: FileConfig): string[][] {
  return [
    ...Object.keys(defaults).map((key) => ["defaults", key]),
    ...Object.entries(environments).flatMap(([name, settings]) => [
      ["environments", name],
      ...Object.keys(settings).map((key) => ["environments", name, key]),
    ]),
    ...Object.keys(groups).map((name) => ["groups", name]),
  ];
}

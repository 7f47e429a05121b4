import type { LoadedConfig } from "../config/load.ts";
import { environmentNames, groupNames, resolveTarget } from "../config/resolve-target.ts";

/** One line of the list. */
export interface Choice {
  readonly kind: "environment" | "group" | "all";
  readonly name: string;
  readonly environments: readonly string[];
  readonly protected: boolean;
}

/** Environments, those that were used last first; then groups, then all of them. */
export function choicesFor(loaded: LoadedConfig, recent: readonly string[]): Choice[] {
  const names = environmentNames(loaded);
  const used = recent.filter((name) => names.includes(name));
  const isProtected = (name: string): boolean => resolveTarget(name, loaded, {}).protected;
  const several = (kind: "group" | "all", name: string, members: readonly string[]): Choice => ({
    ...{ kind, name, environments: members },
    protected: members.some(isProtected),
  });
  return [
    ...[...used, ...names.filter((name) => !used.includes(name))].map((name): Choice => ({
      ...{ kind: "environment", name, environments: [name] },
      protected: isProtected(name),
    })),
    ...groupNames(loaded).map((name) => several("group", name, loaded.config.groups?.[name] ?? [])),
    ...(names.length > 1 ? [several("all", "all", names)] : []),
  ];
}

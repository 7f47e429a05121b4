import type { LoadedConfig } from "../../config/load.ts";
import { environmentNames, noConfigText, resolveTarget } from "../../config/resolve-target.ts";

/** One line an environment, as text in columns or as JSON. */
export function environmentLines(loaded: LoadedConfig, json: boolean): string[] {
  const targets = environmentNames(loaded).map((name) => resolveTarget(name, loaded, {}));
  if (json) {
    return targets.map(({ environment, profile, ...rest }) =>
      JSON.stringify({ type: "environment", env: environment, ...rest, profile: profile.name }),
    );
  }
  if (targets.length === 0) return [noConfigText];
  const rows = targets.map((it) => [
    it.environment,
    it.region ?? "",
    it.profile.name,
    it.function,
    it.protected ? "protected" : "",
  ]);
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

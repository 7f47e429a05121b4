import type { LoadedConfig } from "../../config/load.ts";
import { environmentNames, noConfigText, resolveTarget } from "../../config/resolve-target.ts";
import { jsonLine } from "../json-line.ts";
import { padEnd, textWidth } from "../terminal/width.ts";

/** One line per environment: in columns, or as a JSON object. */
export function environmentLines(loaded: LoadedConfig, json: boolean): string[] {
  const targets = environmentNames(loaded).map((name) => resolveTarget(name, loaded, {}));
  if (json) {
    return targets.map(({ environment, profile, ...rest }) =>
      jsonLine({
        type: "environment",
        env: environment,
        ...rest,
        endpointFrom: undefined,
        profile: profile.name,
        profileFrom: profile.from,
      }),
    );
  }
  if (targets.length === 0) return [noConfigText];
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

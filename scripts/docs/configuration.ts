import { EnvironmentSettings } from "../../src/cli/config/schema.ts";
import * as settings from "../../src/lambda/settings.ts";
import { table } from "./markdown.ts";

/** The keys of an environment in hasura-migrate.json, from the schema that checks the file. */
export function environmentKeys(): string {
  return table(
    ["key", "meaning"],
    Object.entries(EnvironmentSettings.shape).map(([key, schema]) => [
      `\`${key}\``,
      schema.description ?? "",
    ]),
  );
}

interface FunctionSetting {
  readonly name: string;
  readonly meaning: string;
  readonly required?: boolean;
  readonly default?: string;
}

/** The environment variables of the function, from the list that its settings export; undefined where there is none. */
export function functionSettings(): string | undefined {
  const exported: readonly unknown[] = Object.values(settings);
  const list = exported.find(isSettingList);
  return (
    list &&
    table(
      ["variable", "meaning", "default"],
      list.map((setting) => [`\`${setting.name}\``, setting.meaning, defaultOf(setting)]),
    )
  );
}

function defaultOf({ required, default: value }: FunctionSetting): string {
  if (required === true) return "required";
  return value === undefined ? "" : `\`${value}\``;
}

function isSettingList(value: unknown): value is readonly FunctionSetting[] {
  return (
    Array.isArray(value) &&
    value.every((of: unknown) => typeof of === "object" && of !== null && "meaning" in of)
  );
}

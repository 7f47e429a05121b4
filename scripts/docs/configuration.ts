import { EnvironmentSettings } from "../../src/cli/config/schema.ts";
import { settingDefinitions, type SettingDefinition } from "../../src/lambda/settings.ts";
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

/** The environment variables of the function, from the list that its settings export. */
export function functionSettings(): string {
  return table(
    ["variable", "meaning", "default"],
    settingDefinitions.map((setting) => [
      `\`${setting.name}\``,
      setting.meaning,
      defaultOf(setting),
    ]),
  );
}

function defaultOf({ required, default: value }: SettingDefinition): string {
  if (required) return "required";
  return value === undefined ? "" : `\`${value}\``;
}

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import { readSettings, settingDefinitions } from "../../src/lambda/settings.ts";

const root = dirname(dirname(import.meta.dirname));

const Parameter = z.object({
  AllowedValues: z.array(z.union([z.string(), z.number()])).optional(),
  Default: z.union([z.string(), z.number()]).optional(),
});
/** What this test needs of docker/template.yaml. CloudFormation's tags are left out: `!Ref X` reads as `X`. */
const Template = z.object({
  Metadata: z.object({
    "AWS::CloudFormation::Interface": z.object({
      ParameterGroups: z.array(z.object({ Parameters: z.array(z.string()) })),
    }),
  }),
  Parameters: z.record(z.string(), Parameter),
  Resources: z.object({
    Function: z.object({
      Properties: z.object({
        Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }),
      }),
    }),
  }),
});

const text = readFileSync(join(root, "docker/template.yaml"), "utf8");
const template = Template.parse(parse(text, { logLevel: "silent" }));
const { Parameters: parameters } = template;
const variables = template.Resources.Function.Properties.Environment.Variables;
/** Variable → the parameter whose value it is. */
const passedOn = Object.entries(variables).flatMap(([name, value]): [string, string][] =>
  typeof value === "string" && value in parameters ? [[name, value]] : [],
);

describe("the CloudFormation template", () => {
  test("sets settings that the function has", () => {
    const known = settingDefinitions.map(({ name }) => name);
    for (const name of Object.keys(variables)) assert.ok(known.includes(name), name);
  });

  test("its values for a setting are those that the function accepts, and their defaults agree", () => {
    const required = {
      HASURA_MIGRATE_ENVIRONMENT: "dev-3",
      HASURA_MIGRATE_ENDPOINT: "http://hasura:8080",
      HASURA_MIGRATE_ADMIN_SECRET: "x",
    };
    const read = (more: Record<string, string> = {}): string => {
      const { endpoint, ...settings } = readSettings({ ...required, ...more });
      return JSON.stringify({ ...settings, endpoint: endpoint.href });
    };
    const checked = passedOn.filter(([, parameter]) => parameters[parameter]?.AllowedValues);
    assert.deepEqual(
      checked.map(([name]) => name),
      [
        "HASURA_MIGRATE_PROTECTED",
        "HASURA_MIGRATE_KEEP_DOWN_SQL",
        "HASURA_MIGRATE_KEEP_METADATA",
        "HASURA_MIGRATE_SOURCES",
        "HASURA_MIGRATE_SQL",
        "HASURA_MIGRATE_SECOND_TRY",
        "HASURA_MIGRATE_NOTIFY_ON",
        "HASURA_MIGRATE_METRICS",
      ],
    );
    for (const [name, parameter] of checked) {
      const { AllowedValues: values = [], Default: byDefault } = parameters[parameter] ?? {};
      const meanings = values.map((value) => read({ [name]: String(value) }));
      assert.equal(
        new Set(meanings).size,
        values.length,
        `${name}: each value means something else`,
      );
      assert.equal(read({ [name]: String(byDefault) }), read(), `${name}: the same default`);
    }
  });

  test("every parameter is in a group of the console's form", () => {
    const groups = template.Metadata["AWS::CloudFormation::Interface"].ParameterGroups;
    assert.deepEqual(
      groups.flatMap((group) => group.Parameters).sort(),
      Object.keys(parameters).sort(),
    );
  });

  test("every parameter is in the table of the documentation, with its default", () => {
    const documentation = readFileSync(join(root, "docs/deploying.md"), "utf8");
    const rows = new Map(
      [...documentation.matchAll(/^\| (`[A-Z][^|]*) \|([^|]*)\|/gm)].flatMap(
        ([, names = "", value = ""]) =>
          [...names.matchAll(/`(\w+)`/g)].map(([, name = ""]) => [name, value.trim()] as const),
      ),
    );
    for (const [name, { Default: value = "" }] of Object.entries(parameters))
      assert.equal(rows.get(name), value === "" ? "" : `\`${value}\``, name);
  });
});

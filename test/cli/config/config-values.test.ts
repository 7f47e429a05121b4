import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { Problem } from "../../../src/cli/config/validate.ts";
import { checkConfig } from "./support/check-config.ts";

const problemsOf = (json: unknown): readonly Problem[] => {
  const checked = checkConfig(json);
  return "problems" in checked ? checked.problems : [];
};
const pathsOf = (json: unknown): string[] => problemsOf(json).map(({ path }) => path);

describe("a configuration", () => {
  const whole = {
    $schema: "https://example.com/schema.json",
    defaults: { region: "eu-west-1", function: "hasura-migrate-{env}", protected: false },
    environments: {
      "dev-1": {
        profile: "acme",
        region: "us-east-1",
        function: "m",
        protected: true,
        endpointUrl: "https://vpce.example.com",
        aliases: true,
      },
      "Prod.EU_1": {},
    },
  };

  test("with every allowed setting is accepted unchanged", () => {
    assert.deepEqual(checkConfig(whole), { config: whole });
    assert.deepEqual(checkConfig({}), { config: {} });
  });

  const values: [key: string, value: unknown, valid: boolean][] = [
    ["region", "eu-west-1", true],
    ["region", "us-gov-west-1", true],
    ["region", "eu-west", false],
    ["region", "eu-west-12", false],
    ["region", "eu-west-1a", false],
    ["region", "xeu-west-1", false],
    ["region", "eu--1", false],
    ["region", "EU-WEST-1", false],
    ["function", "m", true],
    ["function", "m:live", true],
    ["function", "arn:aws:lambda:eu-west-1:111122223333:function:m:$LATEST", true],
    ["function", "x".repeat(170), true],
    ["function", "x".repeat(171), false],
    ["function", "", false],
    ["function", "a b", false],
    ["function", "a/b", false],
    ["profile", "a", true],
    ["profile", "my profile", true],
    ["profile", "", false],
    ["endpointUrl", "http://127.0.0.1:9001", true],
    ["endpointUrl", "vpce.example.com", false],
    ["protected", "true", false],
    ["aliases", 1, false],
  ];
  for (const [key, value, valid] of values) {
    test(`${valid ? "may" : "must not"} have ${JSON.stringify(value).slice(0, 60)} as ${key}`, () => {
      assert.deepEqual(pathsOf({ defaults: { [key]: value } }), valid ? [] : [`defaults.${key}`]);
      assert.deepEqual(
        pathsOf({ environments: { "dev-1": { [key]: value } } }),
        valid ? [] : [`environments.dev-1.${key}`],
      );
    });
  }

  const names: [name: string, valid: boolean][] = [
    ["a", true],
    ["d-7.b_D", true],
    ["7-b.c_D", false],
    ["-a", false],
    ["a b", false],
    ["a/b", false],
    ["", false],
  ];
  for (const [name, valid] of names) {
    test(`${valid ? "may" : "must not"} call an environment ${JSON.stringify(name)}`, () => {
      assert.deepEqual(
        pathsOf({ environments: { [name]: {} } }),
        valid ? [] : [`environments.${name}`],
      );
    });
  }

  const shapes: [what: string, json: unknown, path: string, message: string][] = [
    ["a list", [], "", "must be of type object"],
    ["a text", "{}", "", "must be of type object"],
    ["null", null, "", "must be of type object"],
    ["a number as its schema", { $schema: 1 }, "$schema", "must be of type string"],
    ["a list of environments", { environments: [] }, "environments", "must be of type object"],
    ["a text as defaults", { defaults: "eu-west-1" }, "defaults", "must be of type object"],
    [
      "null as an environment",
      { environments: { "dev-1": null } },
      "environments.dev-1",
      "must be of type object",
    ],
    ["an empty profile", { defaults: { profile: "" } }, "defaults.profile", "must not be empty"],
    [
      "a text in place of a flag",
      { defaults: { protected: "yes" } },
      "defaults.protected",
      "must be of type boolean",
    ],
  ];
  for (const [what, json, path, message] of shapes) {
    test(`that is or has ${what} is refused: ${path || "the file"} ${message}`, () => {
      assert.deepEqual(problemsOf(json), [{ path, message }]);
    });
  }

  test("with an unknown key is refused at that key, and the known keys are listed", () => {
    const places: [json: unknown, path: string, known: string][] = [
      [{ qqq: 1 }, "qqq", "$schema, extends, defaults, environments"],
      [
        { defaults: { qqq: 1 } },
        "defaults.qqq",
        "profile, region, function, protected, endpointUrl, aliases",
      ],
      [
        { environments: { "dev-1": { qqq: 1 } } },
        "environments.dev-1.qqq",
        "profile, region, function, protected, endpointUrl, aliases",
      ],
    ];
    for (const [json, path, known] of places) {
      const [problem] = problemsOf(json);
      assert.equal(problem?.path, path);
      assert(problem.message.includes(known), problem.message);
    }
    assert.deepEqual(pathsOf({ qqq: 1, zzz: 2 }), ["qqq", "zzz"]);
  });

  test("cannot redefine `local`, whatever else is wrong", () => {
    assert.deepEqual(pathsOf({ environments: { local: {} } }), ["environments.local"]);
    assert.deepEqual(pathsOf({ environments: { local: 1 }, qqq: 1 }).toSorted(), [
      "environments.local",
      "environments.local",
      "qqq",
    ]);
    assert.deepEqual(pathsOf({ environments: { locale: {} } }), []);
  });

  const aliases: [what: string, json: unknown, paths: string[]][] = [
    [
      "an environment with both",
      { environments: { a: { aliases: true, function: "m:live" } } },
      ["environments.a.aliases"],
    ],
    [
      "aliases by default, and an alias named",
      { defaults: { aliases: true }, environments: { a: { function: "m:live" }, b: {} } },
      ["environments.a.aliases"],
    ],
    [
      "an alias named by default, and aliases on",
      { defaults: { function: "m:live" }, environments: { a: { aliases: true }, b: {} } },
      ["environments.a.aliases"],
    ],
    [
      "both by default, but not for this environment",
      { defaults: { aliases: true, function: "m:live" }, environments: { a: { aliases: false } } },
      ["defaults.aliases"],
    ],
    ["aliases and a plain name", { defaults: { aliases: true, function: "m" } }, []],
    ["aliases and no name", { defaults: { aliases: true } }, []],
    ["an alias named, and aliases off", { defaults: { aliases: false, function: "m:live" } }, []],
    ["an alias named alone", { environments: { a: { function: "m:live" } } }, []],
  ];
  for (const [what, json, paths] of aliases) {
    test(`with ${what} is ${paths.length === 0 ? "clear" : "ambiguous"}`, () => {
      assert.deepEqual(pathsOf(json), paths);
    });
  }
});

import assert from "node:assert/strict";
import { describe, test } from "vitest";
import {
  environmentNames,
  resolveTarget,
  type Target,
  type TargetFlags,
} from "../../../src/cli/config/resolve-target.ts";
import type { EnvironmentSettings } from "../../../src/cli/config/schema.ts";
import { Failure } from "../../../src/protocol/failure.ts";

const arn = "arn:aws:lambda:eu-central-1:111122223333:function:migrate";

/** The target of dev-1, for settings of its own, defaults, and flags. */
function targetOf(
  own: EnvironmentSettings = {},
  defaults: EnvironmentSettings = {},
  flags: TargetFlags = {},
): Target {
  return resolveTarget(
    "dev-1",
    { config: { defaults, environments: { "dev-1": own } } },
    flags,
    "apply",
  );
}

describe("each setting of a target", () => {
  const cases: [
    what: string,
    own: EnvironmentSettings,
    defaults: EnvironmentSettings,
    flags: TargetFlags,
    target: Partial<Target>,
  ][] = [
    ["a protected default protects", {}, { protected: true }, {}, { protected: true }],
    ["an environment can be protected by itself", { protected: true }, {}, {}, { protected: true }],
    [
      "an environment can lift the default",
      { protected: false },
      { protected: true },
      {},
      { protected: false },
    ],
    ["nothing is protected unless it says so", {}, {}, {}, { protected: false }],

    ["a region by default", {}, { region: "eu-west-1" }, {}, { region: "eu-west-1" }],
    [
      "an environment's region before the default",
      { region: "us-east-1" },
      { region: "eu-west-1" },
      {},
      { region: "us-east-1" },
    ],
    [
      "an ARN's region before the default",
      { function: arn },
      { region: "eu-west-1" },
      {},
      { region: "eu-central-1" },
    ],
    [
      "an environment's region before its ARN's",
      { function: arn, region: "us-east-1" },
      {},
      {},
      { region: "us-east-1" },
    ],
    [
      "a flag's region before all",
      { function: arn, region: "us-east-1" },
      {},
      { region: "ap-south-1" },
      { region: "ap-south-1" },
    ],
    ["the region of a flag's ARN", {}, {}, { function: arn }, { region: "eu-central-1" }],

    ["a function by default", {}, { function: "m" }, {}, { function: "m" }],
    [
      "an environment's function before the default",
      { function: "own" },
      { function: "m" },
      {},
      { function: "own" },
    ],
    [
      "a flag's function before all",
      { function: "own" },
      { function: "m" },
      { function: "typed" },
      { function: "typed" },
    ],
    [
      "the environment's name in a function's name, wherever it stands",
      {},
      { function: "{env}-m-{env}" },
      {},
      { function: "dev-1-m-dev-1" },
    ],

    [
      "an endpoint by default",
      {},
      { endpointUrl: "https://a.example.com" },
      {},
      { endpointUrl: "https://a.example.com" },
    ],
    [
      "an environment's endpoint before the default",
      { endpointUrl: "https://b.example.com" },
      { endpointUrl: "https://a.example.com" },
      {},
      { endpointUrl: "https://b.example.com" },
    ],
    [
      "a flag's endpoint before all",
      { endpointUrl: "https://b.example.com" },
      {},
      { endpointUrl: "https://c.example.com" },
      { endpointUrl: "https://c.example.com" },
    ],

    [
      "a profile by default",
      {},
      { profile: "acme" },
      {},
      { profile: { name: "acme", from: "config" } },
    ],
    [
      "an environment's profile before the default",
      { profile: "own" },
      { profile: "acme" },
      {},
      { profile: { name: "own", from: "config" } },
    ],
    [
      "the environment's name in a profile",
      {},
      { profile: "{env}-{env}" },
      {},
      { profile: { name: "dev-1-dev-1", from: "config" } },
    ],
    [
      "a flag's profile, exactly as typed",
      { profile: "own" },
      {},
      { profile: "{env}" },
      { profile: { name: "{env}", from: "flag" } },
    ],
    [
      "the environment's name as the profile",
      {},
      {},
      {},
      { profile: { name: "dev-1", from: "convention" } },
    ],

    ["an alias by default", {}, { aliases: true }, {}, { function: "hasura-migrate-dev-1:apply" }],
    [
      "an alias of an environment's own",
      { aliases: true },
      {},
      {},
      { function: "hasura-migrate-dev-1:apply" },
    ],
    [
      "no alias where an environment wants none",
      { aliases: false },
      { aliases: true },
      {},
      { function: "hasura-migrate-dev-1" },
    ],
    [
      "an alias behind an ARN",
      { function: arn, aliases: true },
      {},
      {},
      { function: `${arn}:apply` },
    ],
    [
      "an ARN with a version as it is",
      { function: `${arn}:7`, aliases: true },
      {},
      {},
      { function: `${arn}:7` },
    ],
    [
      "a name with a version as it is",
      { function: "m:7", aliases: true },
      {},
      {},
      { function: "m:7" },
    ],
    [
      "an ARN of another partition",
      { function: "arn:aws-cn:lambda:cn-north-1:111122223333:function:m", aliases: true },
      {},
      {},
      {
        function: "arn:aws-cn:lambda:cn-north-1:111122223333:function:m:apply",
        region: "cn-north-1",
      },
    ],
  ];
  for (const [what, own, defaults, flags, expected] of cases) {
    test(what, () => {
      const target = targetOf(own, defaults, flags);
      assert.deepEqual({ ...target, ...expected }, target);
    });
  }

  test("is absent where nothing names a region or an endpoint", () => {
    assert.deepEqual(Object.keys(targetOf()).toSorted(), [
      "environment",
      "function",
      "profile",
      "protected",
    ]);
  });

  test("calls no alias before the operation is known", () => {
    const loaded = { config: { defaults: { aliases: true } } };
    assert.equal(resolveTarget("dev-1", loaded, {}).function, "hasura-migrate-dev-1");
  });
});

describe("an environment's name", () => {
  const none = { config: {} };
  const refusal = (name: string, loaded: Parameters<typeof resolveTarget>[1]): Failure => {
    try {
      resolveTarget(name, loaded, {});
    } catch (thrown) {
      if (thrown instanceof Failure) return thrown;
      throw thrown;
    }
    return assert.fail(`${name} was accepted`);
  };

  for (const name of ["a", "d7", "dev-1", "Prod.EU_west-1"]) {
    test(`may be ${name} where none is configured`, () => {
      assert.equal(resolveTarget(name, none, {}).environment, name);
    });
  }
  for (const name of [
    "",
    "-a",
    ".a",
    "_a",
    "a b",
    "a/b",
    "a:b",
    "ä",
    "a\n",
    "7",
    "1700000000100",
  ]) {
    test(`cannot be ${JSON.stringify(name)}`, () => {
      const { kind, code } = refusal(name, none);
      assert.deepEqual([kind, code], ["usage", "environment-name"]);
    });
  }

  test("is one of the configured ones, if there are any", () => {
    const loaded = {
      file: "/etc/config.json",
      config: { environments: { "dev-1": {}, prod: {} } },
    };
    assert.deepEqual(environmentNames(loaded), ["dev-1", "prod"]);
    const { kind, code, message, hints } = refusal("dev-2", loaded);
    assert.deepEqual([kind, code], ["usage", "environment-unknown"]);
    assert(message.includes('"dev-2" in /etc/config.json'), message);
    assert.match(JSON.stringify(hints), /dev-1, prod/);
  });

  test("that is close to a configured environment, or to the embedded one, gets a suggestion", () => {
    const loaded = { config: { environments: { production: {} } } };
    assert.match(refusal("prodction", loaded).message, /^[^/]*"production"\?$/);
    assert.match(refusal("lcoal", loaded).message, /"local"\?$/);
    assert.doesNotMatch(refusal("staging", loaded).message, /\?$/);
  });

  test("that is close to `local` is refused, unless the function or the address is named", () => {
    assert.equal(refusal("locall", none).code, "environment-unknown");
    assert.equal(resolveTarget("locall", none, { function: "m" }).function, "m");
    assert.equal(
      resolveTarget("locall", none, { endpointUrl: "https://a.example.com" }).environment,
      "locall",
    );
    const configured = { config: { environments: { locall: {} } } };
    assert.equal(resolveTarget("locall", configured, {}).environment, "locall");
  });

  test("with a digit or a dash is not a misspelt `local`", () => {
    for (const name of ["local1", "loca-l", "l0cal"])
      assert.equal(resolveTarget(name, none, {}).environment, name);
  });
});

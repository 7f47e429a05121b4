import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { loadConfig } from "../../../src/cli/config/load.ts";
import { resolveTarget } from "../../../src/cli/config/resolve-target.ts";
import { checkConfig } from "./support/check-config.ts";
import { configJsonSchema } from "../../../src/cli/config/schema.ts";
import { main } from "../../../src/cli/main.ts";
import {
  isAllowed,
  operationNames,
  permissions,
  type Operation,
} from "../../../src/protocol/operations.ts";
import { emptyDirectory, testContext } from "../../support/test-context.ts";

const problemsOf = (json: unknown): string[] => {
  const checked = checkConfig(json);
  return "problems" in checked
    ? checked.problems.map(({ path, message }) => `${path}: ${message}`)
    : [];
};

describe("config", () => {
  test("every problem is named at once, with its path, and a suggestion for a misspelt key", () => {
    assert.deepEqual(
      problemsOf({
        defaults: { region: "moon" },
        environments: { "dev-1": { profil: "x", protected: "yes" } },
        enviroments: {},
      }),
      [
        "defaults.region: must be an AWS region, e.g. eu-west-1",
        "environments.dev-1.protected: must be of type boolean",
        'environments.dev-1.profil: unknown key. Did you mean "profile"?',
        'enviroments: unknown key. Did you mean "environments"?',
      ],
    );
  });

  test("local cannot be redefined", () => {
    assert.deepEqual(problemsOf({ environments: { local: { function: "prod" } } }), [
      "environments.local: local is the embedded environment and cannot be redefined",
    ]);
  });

  const places: readonly {
    name: string;
    files: Record<string, string>;
    env?: Record<string, string>;
    flag?: string;
    finds: string | undefined;
  }[] = [
    {
      name: "the working directory",
      files: { "a/b/hasura-migrate.json": "{}" },
      finds: "a/b/hasura-migrate.json",
    },
    {
      name: "a directory above it",
      files: { "hasura-migrate.json": "{}" },
      finds: "hasura-migrate.json",
    },
    {
      name: "package.json's key",
      files: { "a/package.json": '{"hasura-migrate":{}}' },
      finds: "a/package.json",
    },
    {
      name: "not a package.json that only depends on it",
      files: { "a/package.json": '{"devDependencies":{"hasura-migrate":"1"}}' },
      finds: undefined,
    },
    {
      name: "the nearer one",
      files: { "a/hasura-migrate.json": "{}", "hasura-migrate.json": "{}" },
      finds: "a/hasura-migrate.json",
    },
    {
      name: "hasura-migrate.json before the key of a package.json beside it",
      files: { "a/hasura-migrate.json": "{}", "a/package.json": '{"hasura-migrate":{}}' },
      finds: "a/hasura-migrate.json",
    },
    {
      name: "a package.json that is nearer than any hasura-migrate.json",
      files: { "a/package.json": '{"hasura-migrate":{}}', "hasura-migrate.json": "{}" },
      finds: "a/package.json",
    },
    {
      name: "the user's directory when nothing is nearer",
      files: { "xdg/hasura-migrate/config.json": "{}" },
      finds: "xdg/hasura-migrate/config.json",
    },
    {
      name: "--config before all",
      files: { "a/b/hasura-migrate.json": "{}", "a/b/other.json": "{}" },
      flag: "other.json",
      finds: "a/b/other.json",
    },
    {
      name: "HASURA_MIGRATE_CONFIG before a search",
      files: { "a/b/hasura-migrate.json": "{}", "a/b/env.json": "{}" },
      env: { HASURA_MIGRATE_CONFIG: "env.json" },
      finds: "a/b/env.json",
    },
  ];

  for (const { name, files, env, flag, finds } of places) {
    test(`the configuration is looked for: ${name}`, async (t) => {
      const root = tree(t, files);
      const context = testContext(t, {
        argv: [],
        cwd: join(root, "a/b"),
        env: { XDG_CONFIG_HOME: join(root, "xdg"), ...env },
      });
      const { file } = await loadConfig(context, flag);
      assert.equal(file, finds === undefined ? undefined : join(root, finds));
    });
  }

  const utf16 = Buffer.from('\uFEFF{ "defaults": { "region": "eu-west-1" } }\r\n', "utf16le");
  for (const [name, bytes] of [
    ["UTF-16, as PowerShell's echo writes it", utf16],
    ["UTF-16 in the other byte order", Buffer.from(utf16).swap16()],
    ["UTF-16 without a mark", utf16.subarray(2)],
    ["UTF-8 with a mark", Buffer.from('\uFEFF{ "defaults": { "region": "eu-west-1" } }')],
  ] as const)
    test(`a configuration is read in ${name}`, async (t) => {
      const context = testContext(t, { argv: [] });
      writeFileSync(join(context.cwd, "hasura-migrate.json"), bytes);
      const { config } = await loadConfig(context, undefined);
      assert.deepEqual(config, { defaults: { region: "eu-west-1" } });
    });

  test("a key in a package.json in UTF-16 is read", async (t) => {
    const context = testContext(t, { argv: [] });
    const text = '\uFEFF{ "hasura-migrate": { "defaults": { "region": "eu-west-1" } } }';
    writeFileSync(join(context.cwd, "package.json"), Buffer.from(text, "utf16le"));
    const { config } = await loadConfig(context, undefined);
    assert.deepEqual(config, { defaults: { region: "eu-west-1" } });
  });

  test("a configuration in a different encoding is refused by name; an unrelated package.json is not", async (t) => {
    const context = testContext(t, { argv: [] });
    writeFileSync(join(context.cwd, "package.json"), Buffer.from('{"author":"Ren\xe9"}', "latin1"));
    assert.deepEqual(await loadConfig(context, undefined), { config: {} });
    for (const [file, text] of [
      ["package.json", '{"hasura-migrate":{},"author":"Ren\xe9"}'],
      ["hasura-migrate.json", '{"environments":{"Ren\xe9":{}}}'],
    ] as const) {
      writeFileSync(join(context.cwd, file), Buffer.from(text, "latin1"));
      await assert.rejects(
        loadConfig(context, undefined),
        /json cannot be read: it is not valid UTF-8/,
      );
    }
  });

  const acme = {
    file: "hasura-migrate.json",
    config: {
      defaults: { region: "eu-west-1", function: "hasura-migrate-{env}" },
      environments: {
        "dev-1": { profile: "acme-dev" },
        "dev-3": { profile: "acme-dev", region: "us-east-1" },
        prod: {
          profile: "acme-prod",
          function: "arn:aws:lambda:eu-central-1:111122223333:function:migrate:live",
          protected: true,
        },
      },
    },
  };

  test("an environment's own settings win over the defaults, and flags over both", () => {
    assert.deepEqual(resolveTarget("dev-1", acme, {}), {
      environment: "dev-1",
      function: "hasura-migrate-dev-1",
      region: "eu-west-1",
      protected: false,
      profile: { name: "acme-dev", from: "config" },
    });
    assert.equal(resolveTarget("dev-3", acme, {}).region, "us-east-1");
    assert.equal(resolveTarget("dev-3", acme, { region: "eu-north-1" }).region, "eu-north-1");
    assert.deepEqual(resolveTarget("dev-3", acme, { profile: "me" }).profile, {
      name: "me",
      from: "flag",
    });
  });

  test("defaults.protected protects every environment that does not override it", () => {
    const config = {
      defaults: { protected: true },
      environments: { prod: {}, dev: { protected: false } },
    };
    assert.equal(resolveTarget("prod", { config }, {}).protected, true);
    assert.equal(resolveTarget("dev", { config }, {}).protected, false);
  });

  test("defaults.protected asks for the name before anything is sent", async (t) => {
    const cwd = tree(t, {
      "hasura-migrate.json": '{"defaults":{"protected":true},"environments":{"prod":{}}}',
    });
    const context = testContext(t, { argv: ["--json", "prod"], cwd });
    assert.equal(await main(context), 2);
    const { failure } = JSON.parse(context.out.text) as { failure: { code: string } };
    assert.equal(failure.code, "confirmation-needed");
  });

  test("a function's ARN provides its region", () => {
    const { region, protected: isProtected } = resolveTarget("prod", acme, {});
    assert.deepEqual({ region, isProtected }, { region: "eu-central-1", isProtected: true });
  });

  test("without a configuration the convention applies", () => {
    assert.deepEqual(resolveTarget("dev-7", { config: {} }, {}), {
      environment: "dev-7",
      function: "hasura-migrate-dev-7",
      protected: false,
      profile: { name: "dev-7", from: "convention" },
    });
  });

  const wrong: readonly { name: string; config?: string; argv: readonly string[]; says: RegExp }[] =
    [
      {
        name: "a misspelt environment",
        config: JSON.stringify(acme.config),
        argv: ["dev3"],
        says: /Unknown environment "dev3" in .*\. Did you mean "dev-[13]"\?\n {2}→ Environments: dev-1, dev-3, prod/,
      },
      {
        name: "malformed JSON",
        config: "{,}",
        argv: ["dev-1"],
        says: /The configuration .*hasura-migrate\.json is not valid JSON\.\n {2}why {2}/,
      },
      {
        name: "an unknown key",
        config: '{"default":{}}',
        argv: ["dev-1"],
        says: /Invalid configuration .*hasura-migrate\.json: default: unknown key\. Did you mean "defaults"\?/,
      },
      {
        name: "a configuration that was named and is missing",
        argv: ["dev-1", "--config", "nope.json"],
        says: /The configuration file nope\.json \(from --config\) does not exist\./,
      },
      {
        name: "no environment",
        config: JSON.stringify(acme.config),
        argv: [],
        says: /No environment given\.\n {2}→ Environments: dev-1, dev-3, prod\./,
      },
      {
        name: "a misspelt command alone",
        config: JSON.stringify(acme.config),
        argv: ["statsu"],
        says: /Unknown environment "statsu" in .*\. Did you mean the command status\?\n {2}→ hasura-migrate status --help\n {2}→ Environments: /,
      },
      {
        name: "a misspelt command alone, without a configuration",
        argv: ["statsu"],
        says: /✗ Unknown command "statsu"\. Did you mean "status"\?\n {2}→ hasura-migrate status --help\n {2}→ if statsu is an environment: hasura-migrate apply statsu\n/,
      },
      {
        name: "a word with a digit, which is taken for an environment where none is configured",
        argv: ["status2"],
        says: /✗ No AWS region for status2\./,
      },
      {
        name: "a group as the only environment",
        config: '{"environments":{"dev-1":{}},"groups":{"dev":["dev-1"]}}',
        argv: ["dev"],
        says: /"dev" is a group of environments\.\n {2}→ Use --group dev\./,
      },
      {
        name: "--all without a configuration",
        argv: ["status", "--all"],
        says: /✗ No environments are configured\.\n {2}→ write hasura-migrate\.json: hasura-migrate init\n {2}→ Without a configuration, /,
      },
      {
        name: "a later stage without a first one",
        argv: ["--then", "prod"],
        says: /✗ No environment given\./,
      },
      {
        name: "doctor --all without a configuration",
        argv: ["doctor", "--all"],
        says: /✗ No environments are configured\.\n {2}→ write hasura-migrate\.json: hasura-migrate init\n/,
      },
      {
        name: "a group without a configuration",
        argv: ["status", "--group", "dev"],
        says: /No groups are configured\..*\n {2}→ write that file: hasura-migrate init\n/,
      },
      {
        name: "--all with a configuration that has no environments",
        config: "{}",
        argv: ["status", "--all"],
        says: /✗ No environments are configured\.\n {2}→ Add them under "environments" in .*hasura-migrate\.json\./,
      },
      {
        name: "an environment that was parsed as the value of --yes",
        argv: ["reset-to", "--yes", "dev-3"],
        says: /✗ No environment given: "dev-3" is the value of --yes\.\n {2}→ Put the environment before --yes, which takes the word after it as its value\.\n/,
      },
      {
        name: "no environment and no configuration",
        argv: ["status"],
        says: /No environment given\.\n {2}→ No environments are configured\. Write hasura-migrate\.json with hasura-migrate init\./,
      },
      {
        name: "an environment named like a command",
        config: '{"environments":{"status":{}}}',
        argv: ["status"],
        says: /hasura-migrate apply status/,
      },
      {
        name: "a misspelt command before an environment",
        config: JSON.stringify(acme.config),
        argv: ["stauts", "dev-1"],
        says: /✗ Unknown command "stauts"\. Did you mean "status"\?\n {2}→ hasura-migrate status dev-1$/m,
      },
      {
        name: "an unknown environment among several",
        config: JSON.stringify(acme.config),
        argv: ["redo", "dev-1", "dev-9"],
        says: /✗ Unknown environment "dev-9" in /,
      },
      {
        name: "an unknown option",
        argv: ["dev-1", "--stpes", "2"],
        says: /Unknown option "--stpes"\. Did you mean "--steps"\?/,
      },
      {
        name: "locla beside configured ones",
        config: JSON.stringify(acme.config),
        argv: ["locla"],
        says: /Did you mean "local"\?/,
      },
      {
        name: "a count that is none",
        argv: ["dev-1", "--steps", "-3"],
        says: /--steps: must be at least 1/,
      },
      {
        name: "bounds that exclude each other",
        argv: ["dev-1", "--steps", "1", "--to", "5"],
        says: /--steps and --to cannot be combined/,
      },
      {
        name: "mark without saying as what",
        argv: ["mark", "dev-1", "5"],
        says: /✗ Choose --applied or --pending\./,
      },
      {
        name: "a count and a bound",
        argv: ["down", "dev-1", "2", "--everything"],
        says: /✗ A count cannot be combined with --to, --only or --everything\./,
      },
      {
        name: "a version that is none",
        argv: ["mark", "dev-1", "17abc", "--applied"],
        says: /version: a version is a number/,
      },
    ];

  for (const { name, config, argv, says } of wrong) {
    test(`${name}: exit 2`, async (t) => {
      const cwd = tree(t, config === undefined ? {} : { "hasura-migrate.json": config });
      const context = testContext(t, { argv, cwd, env: { XDG_CONFIG_HOME: join(cwd, "none") } });
      mkdirSync(join(cwd, "a/b"), { recursive: true });
      assert.equal(await main(context), 2, context.err.text);
      assert.match(context.err.text, says);
      assert.equal(context.out.text, "");
    });
  }

  test("envs lists what is configured", async (t) => {
    const cwd = tree(t, { "hasura-migrate.json": JSON.stringify(acme.config) });
    const context = testContext(t, { argv: ["envs"], cwd });
    assert.equal(await main(context), 0);
    assert.equal(
      context.out.text,
      `environment  region        profile    function
dev-1        eu-west-1     acme-dev   hasura-migrate-dev-1
dev-3        us-east-1     acme-dev   hasura-migrate-dev-3
prod         eu-central-1  acme-prod  arn:aws:lambda:eu-central-1:111122223333:function:migrate:live  protected

configured in ${join(cwd, "hasura-migrate.json")}
`,
    );
  });

  test("envs shows what is not as usual, and the groups", async (t) => {
    const environments = {
      "dev-1": { source: "local", runner: "ecs", metadata: true },
      "dev-2": { endpointUrl: "http://127.0.0.1:1234" },
    };
    const groups = { dev: ["dev-1", "dev-2"] };
    const cwd = tree(t, { "hasura-migrate.json": JSON.stringify({ environments, groups }) });
    const context = testContext(t, { argv: ["envs"], cwd });
    assert.equal(await main(context), 0);
    assert.deepEqual(context.out.text.trimEnd().split("\n").slice(0, -1), [
      "environment  profile  function",
      "dev-1        dev-1    hasura-migrate-dev-1  source: local, runner: ecs, metadata",
      "dev-2        dev-2    hasura-migrate-dev-2  http://127.0.0.1:1234",
      "",
      "group dev: dev-1, dev-2",
    ]);
  });

  test("envs --json also shows the groups, and whether a profile is configured or follows from the name", async (t) => {
    const environments = { "dev-1": { profile: "acme-dev" }, "dev-2": {} };
    const groups = { dev: ["dev-1"], all: ["dev-1"] };
    const cwd = tree(t, { "hasura-migrate.json": JSON.stringify({ environments, groups }) });
    const context = testContext(t, { argv: ["envs", "--json"], cwd });
    assert.equal(await main(context), 0);
    const lines = context.out.text.trimEnd().split("\n");
    assert.deepEqual(
      lines.map((line) => JSON.parse(line) as unknown),
      [
        ["dev-1", "acme-dev", "config"],
        ["dev-2", "dev-2", "convention"],
      ].map(([env, profile, profileFrom]) => ({
        type: "environment",
        ...{ env, profile, profileFrom },
        ...{ function: `hasura-migrate-${env ?? ""}`, protected: false },
        ...(env === "dev-1" && { groups: ["dev", "all"] }),
      })),
    );
  });

  test("the JSON schema for editors refuses unknown keys, as the program does", () => {
    const schema = configJsonSchema() as {
      additionalProperties?: unknown;
      properties: Record<string, unknown>;
    };
    assert.equal(schema.additionalProperties, false);
    assert.deepEqual(Object.keys(schema.properties), [
      "$schema",
      "extends",
      "defaults",
      "environments",
      "lint",
      "groups",
    ]);
  });

  function tree(t: TestContext, files: Record<string, string>): string {
    const root = emptyDirectory(t);
    mkdirSync(join(root, "a/b"), { recursive: true });
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(root, path, ".."), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return root;
  }

  test("several problems of a configuration are listed one per line, including a redefined local", async (t) => {
    const cwd = tree(t, {
      "hasura-migrate.json": '{"environments":{"local":{},"dev-1":{"profil":"x"}},"default":{}}',
    });
    const context = testContext(t, { argv: ["dev-1"], cwd });
    assert.equal(await main(context), 2);
    assert.equal(
      context.err.text,
      `✗ Invalid configuration ${join(cwd, "hasura-migrate.json")} (3 problems):
  environments.dev-1.profil: unknown key. Did you mean "profile"?
  default: unknown key. Did you mean "defaults"?
  environments.local: local is the embedded environment and cannot be redefined
`,
    );
  });

  test("with aliases, an operation calls the least privileged alias that allows it", () => {
    const loaded = {
      config: {
        defaults: { aliases: true },
        environments: { "dev-1": {}, old: { aliases: false } },
      },
    };
    const called = (operation: Operation): string =>
      resolveTarget("dev-1", loaded, {}, operation).function;
    for (const operation of operationNames) {
      const smallest = permissions.find((alias) => isAllowed(alias, operation));
      assert.equal(called(operation), `hasura-migrate-dev-1:${smallest}`);
    }
    assert.equal(resolveTarget("old", loaded, {}, "down").function, "hasura-migrate-old");
    const arn = "arn:aws:lambda:eu-west-1:111122223333:function:migrate";
    assert.equal(
      resolveTarget("dev-1", loaded, { function: arn }, "apply").function,
      `${arn}:apply`,
    );
  });

  test("a typed alias is the one that is called, and a configuration with both is refused", () => {
    const loaded = { config: { defaults: { aliases: true } } };
    for (const typed of [
      "mine:read",
      "arn:aws:lambda:eu-west-1:111122223333:function:migrate:live",
    ])
      assert.equal(resolveTarget("dev-1", loaded, { function: typed }, "down").function, typed);
    assert.deepEqual(
      problemsOf({
        defaults: { aliases: true },
        environments: { prod: { function: "migrate:live" }, dev: {} },
      }),
      [
        "environments.prod.aliases: the function migrate:live already names an alias; remove one of the two",
      ],
    );
    assert.deepEqual(problemsOf({ defaults: { aliases: true, function: "m:live" } }), [
      "defaults.aliases: the function m:live already names an alias; remove one of the two",
    ]);
  });
});

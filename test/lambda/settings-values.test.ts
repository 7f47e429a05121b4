import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { readSettings, settingDefinitions, type Settings } from "../../src/lambda/settings.ts";
import { Failure } from "../../src/protocol/failure.ts";

const minimal = {
  HASURA_MIGRATE_ENVIRONMENT: "dev-3",
  HASURA_MIGRATE_ENDPOINT: "http://hasura:8080",
};
const read = (env: Record<string, string | undefined>): Settings =>
  readSettings({ ...minimal, ...env });

function refusal(env: Record<string, string | undefined>): Failure {
  try {
    read(env);
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown;
    throw thrown;
  }
  return assert.fail("it was accepted");
}

describe("the value of a setting", () => {
  const values: [variable: string, value: string, setting: keyof Settings, expected: unknown][] = [
    ["ENVIRONMENT", " dev-4 ", "environment", "dev-4"],
    ["ENVIRONMENT", "*", "environment", "*"],
    ["DIRECTORY", "/srv", "directory", "/srv"],
    ["ENGINE", "native", "engine", "native"],
    ["ENGINE", "hasura-cli", "engine", "hasura-cli"],
    ["LEDGER", "on", "ledger", true],
    ["LEDGER", "off", "ledger", false],
    ["PROTECTED", "true", "protected", true],
    ["PROTECTED", "0", "protected", false],
    ["SOURCES", "image", "sources", ["image"]],
    ["SOURCES", "image, upload", "sources", ["image", "upload"]],
    ["UNQUALIFIED", "read", "unqualified", "read"],
    ["UNQUALIFIED", "apply", "unqualified", "apply"],
    ["UNQUALIFIED", "admin", "unqualified", "admin"],
    ["UNQUALIFIED", "refuse", "unqualified", "refuse"],
    ["LOG_LEVEL", "debug", "logLevel", "debug"],
    ["METRICS", "on", "metrics", true],
    ["METRICS", "off", "metrics", false],
    ["LOG_LEVEL", "info", "logLevel", "info"],
    ["LOG_LEVEL", "warning", "logLevel", "warning"],
    ["STOP_TIMEOUT", "120", "stopTimeoutMs", 120_000],
  ];
  for (const [variable, value, setting, expected] of values) {
    test(`HASURA_MIGRATE_${variable}=${value} is ${setting} ${String(expected)}`, () => {
      assert.deepEqual(read({ [`HASURA_MIGRATE_${variable}`]: value })[setting], expected);
    });
  }

  test("of the secret is where it comes from", () => {
    const secretOf = (name: string) => read({ [`HASURA_MIGRATE_${name}`]: "x" }).adminSecret;
    assert.deepEqual(secretOf("ADMIN_SECRET"), { from: "environment", value: "x" });
    assert.deepEqual(secretOf("ADMIN_SECRET_ARN"), { from: "secrets-manager", id: "x" });
    assert.deepEqual(secretOf("ADMIN_SECRET_PARAMETER"), { from: "parameter-store", name: "x" });
  });

  test("of the image is left out where it is not set", () => {
    assert.deepEqual(read({ GIT_COMMIT: "4c6ea1a" }).image, { commit: "4c6ea1a" });
    assert.deepEqual(read({ BUILT_AT: "2026" }).image, { builtAt: "2026" });
    assert.deepEqual(read({ GIT_COMMIT: "", BUILT_AT: undefined }).image, {});
    assert.equal("directory" in read({}), false);
  });

  for (const endpoint of [
    "http://hasura",
    "https://hasura:8443/a/b/",
    "http://hasura/v1/graphql/x",
  ])
    test(`of the endpoint may be ${endpoint}`, () => {
      assert.equal(
        read({ HASURA_MIGRATE_ENDPOINT: endpoint }).endpoint.href,
        new URL(endpoint).href,
      );
    });

  const endpoints: [endpoint: string, problem: RegExp][] = [
    ["ftp://hasura", /http:\/\/ or https:\/\//],
    ["hasura", /http:\/\/ or https:\/\//],
    ["http://hasura/?key=hidden-value", /must not contain a query or fragment/],
    ["http://hasura/#hidden-value", /must not contain a query or fragment/],
    ["http://hasura/v1/graphql/", /without \/v1\/graphql/],
    ["http://hasura/base/v1/graphql", /without \/v1\/graphql/],
  ];
  for (const [endpoint, problem] of endpoints) {
    test(`of the endpoint must not be ${endpoint}`, () => {
      const { message } = refusal({ HASURA_MIGRATE_ENDPOINT: endpoint });
      assert.match(message, problem);
      assert.doesNotMatch(message, /hidden-value|problems/);
    });
  }

  for (const [variable, value] of [
    ["LEDGER", "true"],
    ["UNQUALIFIED", "nobody"],
    ["LOG_LEVEL", "error"],
    ["ENGINE", "cli"],
    ["DIRECTORY", "  "],
    ["ENVIRONMENT", " "],
  ] as const)
    test(`of HASURA_MIGRATE_${variable} must not be "${value}", and the message names the variable`, () => {
      const { message } = refusal({ [`HASURA_MIGRATE_${variable}`]: value });
      assert.match(message, new RegExp(`HASURA_MIGRATE_${variable} (must be one of|is empty)`));
    });
});

describe("the settings of a function", () => {
  test("are refused with every problem, and where to correct them", () => {
    const failure = refusal({ HASURA_MIGRATE_LEDGER: "x", HASURA_MIGRATE_ENGINE: "y" });
    assert.deepEqual([failure.kind, failure.code], ["usage", "function-settings"]);
    assert.match(failure.message, /have 2 problems: .*ENGINE.*; .*LEDGER.*\.$/);
    assert.equal(failure.hints.length, 1);
    assert.match(refusal({ HASURA_MIGRATE_LEDGER: "x" }).message, /settings are invalid: HASURA/);
  });

  test("may include unrelated variables, but no unknown ones with its own prefix", () => {
    assert.equal(read({ HASURA_GRAPHQL_X: "x", MY_HASURA_MIGRATE_X: "x" }).environment, "dev-3");
    assert.match(
      refusal({ HASURA_MIGRATE_SOMETHING_ELSE: "x" }).message,
      /HASURA_MIGRATE_SOMETHING_ELSE is not a setting of this version\.$/,
    );
    assert.equal(read({ HASURA_MIGRATE_SOMETHING_ELSE: "" }).environment, "dev-3");
  });

  test("suggest a name similar to the given one, ignoring the common prefix", () => {
    for (const meant of ["LEDGE", "LEDGER12", "LEGDER", "LDEGER"])
      assert.match(
        refusal({ [`HASURA_MIGRATE_${meant}`]: "x" }).message,
        /: did you mean HASURA_MIGRATE_LEDGER\?/,
        meant,
      );
    for (const other of ["LEDGER12345", "LIMITS", ""])
      assert.doesNotMatch(refusal({ [`HASURA_MIGRATE_${other}`]: "x" }).message, /did you mean/);
  });

  test("may have one secret, wherever it comes from", () => {
    const names = ["ADMIN_SECRET", "ADMIN_SECRET_ARN", "ADMIN_SECRET_PARAMETER"];
    const all = Object.fromEntries(names.map((name) => [`HASURA_MIGRATE_${name}`, "hidden-value"]));
    const { message } = refusal(all);
    for (const name of names) assert(message.includes(`HASURA_MIGRATE_${name} `), message);
    assert.doesNotMatch(message, /hidden-value/);
  });

  test("may have one address of a webhook, wherever it comes from", () => {
    const url = "https://hooks.test/hidden-value";
    const names = ["NOTIFY_URL", "NOTIFY_URL_ARN", "NOTIFY_URL_PARAMETER"];
    const sources = names.map(
      (name) => read({ [`HASURA_MIGRATE_${name}`]: url }).notifications.webhook,
    );
    assert.deepEqual(sources, [
      { from: "environment", value: url },
      { from: "secrets-manager", id: url },
      { from: "parameter-store", name: url },
    ]);
    assert.deepEqual(read({}).notifications, { on: "changes", webhook: { from: "none" } });
    const all = Object.fromEntries(names.map((name) => [`HASURA_MIGRATE_${name}`, url]));
    const { message } = refusal(all);
    for (const name of names) assert(message.includes(`HASURA_MIGRATE_${name} `), message);
    assert.doesNotMatch(message, /hidden-value/);
  });

  for (const url of ["http://localhost:1/x", "http://127.0.0.1:1/x", "http://[::1]:1/x"])
    test(`may post to this machine without TLS: ${url}`, () => {
      const { webhook } = read({ HASURA_MIGRATE_NOTIFY_URL: url }).notifications;
      assert.deepEqual(webhook, { from: "environment", value: url });
    });

  for (const url of [
    "hidden-value",
    "ftp://hooks.test/hidden-value",
    "http://hooks.test/hidden-value",
    "http://127.0.0.1.hooks.test/hidden-value",
    "https://ada:hidden-value@hooks.test/",
  ])
    test(`must not post to ${url}, and the message does not repeat it`, () => {
      const { message } = refusal({ HASURA_MIGRATE_NOTIFY_URL: url });
      assert.match(message, /HASURA_MIGRATE_NOTIFY_URL must /);
      assert.doesNotMatch(message, /hidden-value|hooks/);
    });

  test("may have an event bus by its name or ARN", () => {
    for (const bus of ["default", "arn:aws:events:eu-west-1:111122223333:event-bus/my.bus"])
      assert.equal(read({ HASURA_MIGRATE_EVENT_BUS: bus }).notifications.eventBus, bus);
    for (const bus of ["a bus", "arn:aws:sns:eu-west-1:111122223333:topic"])
      assert.match(
        refusal({ HASURA_MIGRATE_EVENT_BUS: bus }).message,
        /HASURA_MIGRATE_EVENT_BUS must be the name or ARN of an event bus/,
      );
  });

  test("have no metrics where every environment is served", () => {
    assert.equal(read({}).metrics, true);
    assert.equal(read({ HASURA_MIGRATE_ENVIRONMENT: "*" }).metrics, false);
  });

  test("are documented with their defaults", () => {
    const defaults = settingDefinitions.flatMap(({ name, default: value }) =>
      value === undefined ? [] : [[name.replace("HASURA_MIGRATE_", ""), value]],
    );
    assert.deepEqual(Object.fromEntries(defaults), {
      ENGINE: "native",
      KEEP_DOWN_SQL: "on",
      KEEP_METADATA: "on",
      LEDGER: "on",
      PROTECTED: "false",
      SECOND_TRY: "on",
      SOURCES: "image",
      SQL: "off",
      STOP_TIMEOUT: "30",
      UNQUALIFIED: "admin",
      LOG_LEVEL: "info",
      METRICS: "on",
      NOTIFY_ON: "changes",
    });
    assert.equal(settingDefinitions.length, 23);
  });
});

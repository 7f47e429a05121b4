import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { readSettings, settingDefinitions } from "../../src/lambda/settings.ts";
import { Failure } from "../../src/protocol/failure.ts";

const minimal = {
  HASURA_MIGRATE_ENVIRONMENT: "dev-3",
  HASURA_MIGRATE_ENDPOINT: "http://hasura.dev.local:8080/graphql-engine",
};

describe("settings", () => {
  test("two variables are enough, and everything else has its default", () => {
    const { endpoint, ...settings } = readSettings(minimal);
    assert.equal(endpoint.href, "http://hasura.dev.local:8080/graphql-engine");
    assert.deepEqual(settings, {
      environment: "dev-3",
      adminSecret: { from: "none" },
      engine: "native",
      keepDownSql: true,
      keepMetadata: true,
      ledger: true,
      protected: false,
      sources: ["image"],
      sql: "off",
      secondTry: true,
      unqualified: "admin",
      logLevel: "info",
      stopTimeoutMs: 30_000,
      metrics: true,
      notifications: { on: "changes", webhook: { from: "none" } },
      image: {},
    });
  });

  test("every setting is read from its variable", () => {
    const settings = readSettings({
      ...minimal,
      HASURA_MIGRATE_ADMIN_SECRET_ARN:
        "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hasura-AbCdEf",
      HASURA_MIGRATE_DIRECTORY: "/srv/migrations",
      HASURA_MIGRATE_LEDGER: "off",
      HASURA_MIGRATE_PROTECTED: "true",
      HASURA_MIGRATE_SOURCES: "image",
      HASURA_MIGRATE_UNQUALIFIED: "read",
      HASURA_MIGRATE_LOG_LEVEL: "debug",
      GIT_COMMIT: "4c6ea1a",
      BUILT_AT: "2026-11-24T10:00:00Z",
    });
    assert.deepEqual(settings.adminSecret, {
      from: "secrets-manager",
      id: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hasura-AbCdEf",
    });
    assert.equal(settings.directory, "/srv/migrations");
    assert.equal(settings.ledger, false);
    assert.equal(settings.protected, true);
    assert.equal(settings.unqualified, "read");
    assert.deepEqual(settings.image, { commit: "4c6ea1a", builtAt: "2026-11-24T10:00:00Z" });
  });

  test("a variable that is set but empty counts as absent", () => {
    assert.deepEqual(
      readSettings({ ...minimal, HASURA_MIGRATE_ADMIN_SECRET: "", HASURA_MIGRATE_LEDGER: "" })
        .adminSecret,
      { from: "none" },
    );
  });

  const problems: readonly [string, Record<string, string>, RegExp][] = [
    [
      "a missing variable",
      { HASURA_MIGRATE_ENVIRONMENT: "" },
      /HASURA_MIGRATE_ENVIRONMENT is not set/,
    ],
    [
      "an address without a scheme",
      { HASURA_MIGRATE_ENDPOINT: "hasura:8080" },
      /HASURA_MIGRATE_ENDPOINT must be an http:\/\/ or https:\/\/ URL/,
    ],
    [
      "an unknown source of migrations",
      { HASURA_MIGRATE_SOURCES: "image,uploads" },
      /HASURA_MIGRATE_SOURCES must be one of image, upload, upload-when-protected/,
    ],
    [
      "sources of migrations without the image",
      { HASURA_MIGRATE_SOURCES: "upload" },
      /HASURA_MIGRATE_SOURCES must contain image/,
    ],
    [
      "uploads when protected, but not otherwise",
      { HASURA_MIGRATE_SOURCES: "image,upload-when-protected" },
      /HASURA_MIGRATE_SOURCES must contain upload if/,
    ],
    [
      "an address with a password",
      { HASURA_MIGRATE_ENDPOINT: "http://a:b@hasura" },
      /HASURA_MIGRATE_ENDPOINT must not contain a user name/,
    ],
    [
      "an address with a password and no user name",
      { HASURA_MIGRATE_ENDPOINT: "http://:hidden-value@hasura" },
      /HASURA_MIGRATE_ENDPOINT must not contain a user name/,
    ],
    [
      "an address with a user name and no password",
      { HASURA_MIGRATE_ENDPOINT: "http://hidden-value@hasura" },
      /HASURA_MIGRATE_ENDPOINT must not contain a user name/,
    ],
    [
      "the address of the GraphQL API",
      { HASURA_MIGRATE_ENDPOINT: "http://hasura/v1/graphql" },
      /without \/v1\/graphql/,
    ],
    [
      "an unknown engine",
      { HASURA_MIGRATE_ENGINE: "magic" },
      /HASURA_MIGRATE_ENGINE must be one of native, hasura-cli/,
    ],
    [
      "a word that is neither yes nor no",
      { HASURA_MIGRATE_PROTECTED: "maybe" },
      /HASURA_MIGRATE_PROTECTED must be true or false/,
    ],
    [
      "two places for one secret",
      { HASURA_MIGRATE_ADMIN_SECRET: "x", HASURA_MIGRATE_ADMIN_SECRET_PARAMETER: "/y" },
      /HASURA_MIGRATE_ADMIN_SECRET and HASURA_MIGRATE_ADMIN_SECRET_PARAMETER cannot be combined/,
    ],
    [
      "a misspelt variable",
      { HASURA_MIGRATE_ENDPIONT: "http://x" },
      /HASURA_MIGRATE_ENDPIONT is not a setting .* did you mean HASURA_MIGRATE_ENDPOINT\?/,
    ],
  ];
  for (const [what, env, expected] of problems) {
    test(`${what} is refused, and the variable named`, () => {
      assert.throws(
        () => readSettings({ ...minimal, ...env }),
        (thrown) =>
          thrown instanceof Failure &&
          thrown.kind === "usage" &&
          thrown.code === "function-settings" &&
          expected.test(thrown.message) &&
          !thrown.message.includes("hidden-value"),
      );
    });
  }

  test("all problems are reported at once", () => {
    assert.throws(
      () => readSettings({ HASURA_MIGRATE_LEDGER: "maybe" }),
      /3 problems.*ENVIRONMENT.*ENDPOINT.*LEDGER/s,
    );
  });

  test("the list of settings has each with its meaning and its default", () => {
    const required = settingDefinitions.filter((setting) => setting.required);
    assert.deepEqual(
      required.map(({ name }) => name),
      Object.keys(minimal),
    );
    const spelledOut: Record<string, string> = {};
    for (const setting of settingDefinitions)
      if (setting.default !== undefined) spelledOut[setting.name] = setting.default;
    assert.deepEqual(readSettings({ ...minimal, ...spelledOut }), readSettings(minimal));
    assert.ok(settingDefinitions.every(({ meaning }) => meaning !== ""));
  });
});

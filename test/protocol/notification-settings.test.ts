import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { NotificationVariables, webhookProblem } from "../../src/protocol/notification-settings.ts";

const onlyHttps = "must be an https:// URL (http:// only for this machine)";

describe("the address of a webhook", () => {
  test.each([
    "https://hooks.example.com/services/T0/B0/x",
    "http://localhost:8080/hook",
    "http://127.0.0.1/hook",
    "http://127.1.22.255:9/hook",
    "http://[::1]:8080/hook",
  ])("may be %s", (address) => {
    assert.equal(webhookProblem(address), undefined);
  });

  test.each([
    "hooks.example.com",
    "http://hooks.example.com",
    "ftp://localhost/",
    "ftp://hooks.example.com/",
    "http://127.0.0.1.example.com/",
    "http://example.com.127.0.0.1.nip.io/",
    "http://1127.0.0.1.example.com/",
  ])("cannot be %s", (address) => {
    assert.equal(webhookProblem(address), onlyHttps);
  });

  test.each(["https://user@hooks.example.com/", "https://:secret@hooks.example.com/"])(
    "has no login: %s",
    (address) => {
      assert.equal(webhookProblem(address), "must not contain a user name or password");
    },
  );
});

describe("the variables of notifications", () => {
  const problemsOf = (variables: object): string[] =>
    NotificationVariables.safeParse(variables).error?.issues.map(({ message }) => message) ?? [];

  test("none is needed", () => {
    assert.deepEqual(NotificationVariables.parse({}), {});
  });

  test("blanks around an address are ignored", () => {
    assert.deepEqual(
      NotificationVariables.parse({ HASURA_MIGRATE_NOTIFY_URL: " https://hooks.example.com/x " }),
      { HASURA_MIGRATE_NOTIFY_URL: "https://hooks.example.com/x" },
    );
  });

  test("an address that cannot be used is refused with the reason", () => {
    assert.deepEqual(problemsOf({ HASURA_MIGRATE_NOTIFY_URL: "http://hooks.example.com" }), [
      onlyHttps,
    ]);
    assert.ok(problemsOf({ HASURA_MIGRATE_NOTIFY_URL: "  " }).includes("is empty"));
  });

  test.each(["changes", "failures", "all"])("runs to announce may be %s", (on) => {
    assert.deepEqual(problemsOf({ HASURA_MIGRATE_NOTIFY_ON: on }), []);
  });

  test("other runs to announce are refused with the possible ones", () => {
    assert.deepEqual(problemsOf({ HASURA_MIGRATE_NOTIFY_ON: "none" }), [
      "must be one of changes, failures, all",
    ]);
  });
});

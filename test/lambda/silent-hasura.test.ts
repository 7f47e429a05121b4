import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { scriptedHasura } from "../support/scripted-hasura.ts";
import { emptyDirectory } from "../support/test-context.ts";
import { callError, client, sql } from "./support/hasura-client.ts";
import { context, invoke, worldFrom } from "./support/invoke.ts";
import { request } from "./support/request.ts";

/** A Hasura that takes connections and never answers. */
const silent = () => "silence" as const;

const settings = (endpoint: string, directory = "/nowhere") => ({
  HASURA_MIGRATE_DIRECTORY: directory,
  HASURA_MIGRATE_ENVIRONMENT: "dev-3",
  HASURA_MIGRATE_ENDPOINT: endpoint,
  HASURA_MIGRATE_ADMIN_SECRET: "the-very-secret-value",
});

function project(t: TestContext): string {
  const directory = emptyDirectory(t);
  const migration = join(directory, "default", "1700000000000_users");
  mkdirSync(migration, { recursive: true });
  writeFileSync(join(migration, "up.sql"), "create table users (id int);");
  return directory;
}

/** A function that is killed after so many milliseconds. */
function killedAfter(ms: number): { invocation: typeof context; isAlive: () => boolean } {
  const end = Date.now() + ms;
  return {
    invocation: { ...context, getRemainingTimeInMillis: () => end - Date.now() },
    isAlive: () => Date.now() < end,
  };
}

describe.concurrent("a silent Hasura", () => {
  for (const operation of ["status", "apply", "history"] as const) {
    test(`${operation} ends on its own before the function's timeout`, async (t) => {
      const { url } = await scriptedHasura(t, silent);
      const { invocation, isAlive } = killedAfter(8000);
      const world = worldFrom(settings(url, project(t)));
      const { events } = await invoke(world, request(operation), invocation);
      assert.equal(isAlive(), true);
      const last = events.at(-1);
      assert(last?.type === "run.failed");
      assert.equal(last.failure.kind, "unreachable");
      assert.match(last.failure.causes.join(" "), /no response within|the function's time is over/);
    });
  }

  test("whatever else hangs, the function responds before its timeout", async (t) => {
    const { url } = await scriptedHasura(t, silent);
    const { invocation, isAlive } = killedAfter(8000);
    const world = worldFrom(settings(url), { execute: () => new Promise(() => undefined) });
    const { events } = await invoke(world, request("apply"), invocation);
    assert.equal(isAlive(), true);
    const last = events.at(-1);
    assert(last?.type === "run.failed");
    assert.equal(last.failure.code, "deadline");
  });

  test("a read is aborted after its limit, and its outcome is unknown", async (t) => {
    const { url } = await scriptedHasura(t, silent);
    const hasura = client(t, url, { readMs: 500 });
    for (const call of [
      () => hasura.exportMetadata(),
      () => hasura.version(),
      () => hasura.catalogState(),
      () => hasura.runSql({ ...sql, limitMs: 500 }),
    ]) {
      const error = await callError(call());
      assert.equal(error.outcome, "unknown");
      assert.match(error.message, /no response within/);
    }
  });

  test("a statement may take longer than a read, until the function's time is up", async (t) => {
    const { url } = await scriptedHasura(t, silent);
    const end = Date.now() + 400;
    const remainingMs = (): number => end - Date.now();
    const hasura = client(t, url, { readMs: 10, remainingMs });
    const error = await callError(hasura.runSql(sql));
    assert.equal(error.outcome, "unknown");
    assert(remainingMs() < 100, String(remainingMs()));
    // What is asked after that is not even sent.
    const late = await callError(hasura.runSql(sql));
    assert.equal(late.outcome, "not-sent");
  });
});

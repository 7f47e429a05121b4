import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { EngineContext, LedgerInspection } from "../../../src/engine/context.ts";
import { checkEnvironment } from "../../../src/engine/operations/doctor.ts";
import { readProject } from "../../../src/engine/project/project.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { rejected } from "../support/call-errors.ts";
import { engineOf } from "../support/engine.ts";
import { projectOnDisk } from "../support/run.ts";
import { scriptedHasura } from "../support/scripted-hasura.ts";
import { requestOf } from "../support/sessions.ts";

const files = { "config.yaml": "version: 3\n", "migrations/default/1_a/up.sql": "SELECT 1;" };
const denied = rejected({ status: 401, code: "access-denied" });

describe("doctor inside the function", () => {
  const check = async (
    t: Parameters<typeof projectOnDisk>[0],
    given: {
      readonly fails?: Readonly<Record<string, Error>>;
      readonly inspection?: LedgerInspection;
      readonly engine?: Partial<EngineContext>;
      readonly files?: Record<string, string>;
    } = {},
  ) => {
    const root = await projectOnDisk(t, given.files ?? files);
    const hasura = scriptedHasura();
    hasura.before = (call) => {
      const error = given.fails?.[call];
      if (error) throw error;
    };
    const engine = engineOf({
      hasura,
      project: () => readProject(root),
      inspectLedger: () => Promise.resolve(given.inspection ?? { ledger: "ledger of version 3" }),
      ...given.engine,
    });
    const result = await checkEnvironment(requestOf("doctor"), engine);
    const states = engine.events.flatMap((event) =>
      event.type === "check" ? [`${event.name} ${event.state}`] : [],
    );
    const failure = result.stop?.stop === "failed" ? result.stop.failure : undefined;
    return { states, failure, events: engine.events };
  };
  const codeOf = (failure: unknown): string | undefined =>
    failure instanceof Failure ? failure.code : undefined;

  test("makes every check in dependency order", async (t) => {
    const { states, failure } = await check(t);
    assert.deepEqual(states, [
      "project ok",
      "hasura ok",
      "admin-secret ok",
      "metadata ok",
      "databases ok",
      "ledger of default ok",
    ]);
    assert.equal(failure, undefined);
  });

  test("skips checks that depend on a failed one, and ends with the first failure", async (t) => {
    const secret = await check(t, { fails: { exportMetadata: denied } });
    assert.deepEqual(secret.states, [
      "project ok",
      "hasura ok",
      "admin-secret failed",
      "metadata skipped",
      "databases skipped",
    ]);
    assert.equal(codeOf(secret.failure), "wrong-secret");
    const silent = await check(t, { fails: { version: rejected({ status: 500 }) } });
    assert.deepEqual(silent.states.slice(1), [
      "hasura failed",
      "admin-secret skipped",
      "metadata skipped",
      "databases skipped",
    ]);
  });

  test("continues after a project that cannot be read", async (t) => {
    const { states, failure } = await check(t, {
      files: { "config.yaml": "version: 9\n" },
    });
    assert.deepEqual(states.slice(0, 4), [
      "project failed",
      "hasura ok",
      "admin-secret ok",
      "metadata ok",
    ]);
    assert.equal(states.at(-1), "databases skipped");
    assert(failure instanceof Failure);
  });

  test("warns of inconsistent metadata, and of a database without a ledger", async (t) => {
    const none = { ledger: "no ledger, because it is a read-only standby", warning: true };
    const { states, failure } = await check(t, {
      inspection: none,
      engine: {
        hasura: Object.assign(scriptedHasura(), {
          inconsistent: [{ type: "table", name: "orders", reason: "no such table" }],
        }),
      },
    });
    assert(states.includes("metadata warning"), states.join());
    assert(states.includes("ledger of default warning"), states.join());
    assert.equal(failure, undefined);
  });

  test("reports that no ledger is kept", async (t) => {
    const root = await projectOnDisk(t, files);
    const engine = engineOf({ project: () => readProject(root) });
    await checkEnvironment(requestOf("doctor"), engine);
    const last = engine.events.at(-1);
    assert.deepEqual(last?.type === "check" && [last.state, last.message.slice(0, 4)], [
      "warning",
      "off:",
    ]);
  });

  test("fails where the ledger cannot be created, with the statement that helps", async (t) => {
    const failure = new Failure("usage", "ledger-permission", "not allowed");
    const checked = await check(t, { inspection: { ledger: "no ledger", failure } });
    assert.equal(checked.states.at(-1), "ledger of default failed");
    assert.equal(codeOf(checked.failure), "ledger-permission");
  });
});

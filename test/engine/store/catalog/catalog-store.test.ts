import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { StoreContext } from "../../../../src/engine/context.ts";
import type { HasuraCallError } from "../../../../src/engine/hasura/client.ts";
import type { ConfigVersion } from "../../../../src/engine/project/config.ts";
import { recordSquash } from "../../../../src/engine/run/record-squash.ts";
import {
  catalogCapabilities,
  catalogStore,
} from "../../../../src/engine/store/catalog/catalog-store.ts";
import type {
  StateChange,
  StoredVersions,
} from "../../../../src/engine/store/catalog/version-store.ts";
import type { FailedWrite } from "../../../../src/engine/store/catalog/write-queue.ts";
import type { Step } from "../../../../src/engine/store/store.ts";
import { Failure } from "../../../../src/protocol/failure.ts";
import { notSent, rejected, unknown } from "../../support/call-errors.ts";
import { engineOf } from "../../support/engine.ts";
import { requestFor } from "../../support/run.ts";
import { scriptedHasura } from "../../support/scripted-hasura.ts";

interface Given {
  readonly configVersion?: ConfigVersion;
  readonly versions?: StoredVersions;
  readonly error?: HasuraCallError | Error;
  readonly failed?: FailedWrite;
}

/** A catalog store of the database b, with what it records and sends. */
function storeWith({ configVersion = 3, versions = new Map(), error, failed }: Given = {}) {
  const writes: (readonly StateChange[])[] = [];
  const recorded: StateChange[] = [];
  const hasura = scriptedHasura();
  hasura.before = () => {
    if (error) throw error;
  };
  const context: StoreContext = {
    hasura,
    versionStore: {
      read: (database) => Promise.resolve(database === "b" ? versions : new Map()),
      disabled: () => false,
      generation: () => undefined,
      write: () => assert.fail("the queue writes"),
    },
    writer: {
      record: (...changes) => {
        writes.push(changes);
        recorded.push(...changes);
      },
      note: () => assert.fail("nothing is only noted"),
      settle: () => Promise.resolve(failed),
      failedWrite: () => failed,
    },
    configVersion,
    environment: "dev-3",
    request: requestFor("apply"),
    serverId: "server",
    engine: engineOf({ hasura }),
  };
  const store = catalogStore({ name: "b", kind: "postgres" }, context);
  return { store, recorded, writes, sent: hasura.sent };
}

const step = (more: Partial<Step> = {}): Step => ({
  database: { name: "b", kind: "postgres" },
  version: "7",
  name: "x",
  direction: "up",
  sql: "SELECT 1;",
  checksum: "c",
  noTransaction: false,
  ...more,
});

describe("the catalog store", () => {
  test("is not atomic, cannot be resumed and does not keep down files", () => {
    const { store } = storeWith();
    assert.deepEqual(catalogCapabilities, { canResume: false, atomic: false, keepsDownSql: false });
    const { kind, canResume, atomic, keepsDownSql } = store;
    assert.deepEqual([kind, canResume, atomic, keepsDownSql], ["catalog", false, false, false]);
    assert.deepEqual(["runs" in store, "runBatch" in store], [false, false]);
  });

  test("reads what is applied and what is dirty", async () => {
    const versions = new Map([
      ["1", { dirty: false }],
      ["2", { dirty: true }],
    ]);
    assert.deepEqual(
      [...(await storeWith({ versions }).store.read())],
      [
        ["1", { state: "applied" }],
        ["2", { state: "dirty" }],
      ],
    );
  });

  test("records a version after its SQL, and removes it after its down SQL", async () => {
    const { store, recorded } = storeWith();
    assert.deepEqual(await store.run(step()), { outcome: "done", notices: [] });
    await store.run(step({ version: "8", direction: "down" }));
    assert.deepEqual(recorded, [
      { database: "b", version: "7", to: "applied" },
      { database: "b", version: "8", to: "absent" },
    ]);
  });

  test("records a file without a statement, and does not send it", async () => {
    const { store, recorded, sent } = storeWith();
    const result = await store.run(step({ sql: "-- nothing\n" }));
    assert(result.outcome === "done" && result.notices.length === 1);
    assert.deepEqual([recorded.length, sent], [1, []]);
  });

  const outcomes: [what: string, error: Error, outcome: string][] = [
    ["that was refused", rejected(), "failed"],
    ["that was not sent", notSent(), "failed"],
    ["whose answer was lost", unknown(), "unknown"],
    ["that ended in an error of the server", rejected({ status: 500 }), "unknown"],
    ["that met a bug", new TypeError("x is not a function"), "failed"],
  ];
  for (const [what, error, outcome] of outcomes) {
    test(`answers ${outcome} for SQL ${what}, and records nothing`, async () => {
      const { store, recorded } = storeWith({ error });
      assert.deepEqual(await store.run(step()), { outcome, error });
      assert.deepEqual(recorded, []);
    });
  }

  test("sends what a project of that config version sends", async () => {
    const argsOf = async (configVersion: ConfigVersion, more: Partial<Step> = {}) => {
      const { store, sent } = storeWith({ configVersion });
      await store.run(step(more));
      return sent[0]?.args;
    };
    const sql = "SELECT 1;";
    assert.deepEqual(await argsOf(3), { sql, source: "b", check_metadata_consistency: false });
    assert.deepEqual(await argsOf(2), { sql, check_metadata_consistency: false });
    assert.deepEqual(await argsOf(1), { sql });
    assert.deepEqual(await argsOf(1, { noTransaction: true }), { sql, no_transaction: true });
  });

  test("marks versions together, without sending anything", async () => {
    const { store, writes, sent } = storeWith();
    await store.mark([{ version: "1" }, { version: "2" }], "applied");
    await store.mark([{ version: "3" }], "pending");
    assert.deepEqual(writes, [
      [
        { database: "b", version: "1", to: "applied" },
        { database: "b", version: "2", to: "applied" },
      ],
      [{ database: "b", version: "3", to: "absent" }],
    ]);
    assert.deepEqual(sent, []);
  });

  test("records a squash and removes its parts in one write, without sending anything", async () => {
    const { store, writes, sent } = storeWith();
    const result = await recordSquash(step({ version: "9" }), ["7", "8"], store);
    assert.equal(result.outcome, "done");
    assert.deepEqual(writes, [
      [
        { database: "b", version: "9", to: "applied" },
        { database: "b", version: "7", to: "absent" },
        { database: "b", version: "8", to: "absent" },
      ],
    ]);
    assert.deepEqual(sent, []);
  });
});

describe("versions that could not be recorded", () => {
  const changes: StateChange[] = [
    { database: "default", version: "1", to: "applied" },
    { database: "b", version: "2", to: "absent" },
    { database: "default", version: "3", to: "applied" },
    { database: "b", version: "4", to: "applied" },
    { database: "b", generation: "12" },
  ];

  async function failureOf(cause: unknown): Promise<Failure> {
    const { store } = storeWith({ failed: { changes, cause } });
    const [thrown, background] = [
      await store.settle().catch((error: unknown) => error),
      store.backgroundFailure?.(),
    ];
    assert(thrown instanceof Failure);
    assert.equal(background?.message, thrown.message);
    return thrown;
  }

  test("are named with the command that records them, in every database", async () => {
    const cause = notSent();
    const failure = await failureOf(cause);
    assert.deepEqual([failure.kind, failure.code], ["unreachable", "not-recorded"]);
    assert.match(failure.message, /^The SQL of 1, 3, 4, 2 has run.*while recording versions\.$/);
    assert.deepEqual(
      failure.hints.map((hint) => hint.kind === "command" && hint.argv.slice(1)),
      [
        ["mark", "dev-3", "1", "3", "--applied"],
        ["mark", "dev-3", "4", "--applied", "--database", "b"],
        ["mark", "dev-3", "2", "--pending", "--database", "b"],
      ],
    );
    assert.equal(failure.cause, cause);
  });

  test("have the kind of what prevented it", async () => {
    assert.equal((await failureOf(new Failure("busy", "catalog-contended", "No."))).kind, "busy");
    const bug = await failureOf(new TypeError("x is not a function"));
    assert.deepEqual([bug.kind, bug.code], ["unreachable", "not-recorded"]);
    assert.match(bug.message, /x is not a function$/);
    assert.match((await failureOf("a text")).message, /a text$/);
  });

  test("are none as long as writing works", async () => {
    const { store } = storeWith();
    await store.settle();
    assert.equal(store.backgroundFailure?.(), undefined);
  });
});

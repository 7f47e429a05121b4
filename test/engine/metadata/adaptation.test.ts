import assert from "node:assert/strict";
import { describe, test, type TestContext } from "vitest";
import { HasuraCallError, type Hasura } from "../../../src/engine/hasura/client.ts";
import type { EngineContext } from "../../../src/engine/execute.ts";
import { assess } from "../../../src/lambda/assess.ts";
import type { JsonMap } from "../../../src/metadata/document/json.ts";
import { query } from "../../support/postgres.ts";
import { asked, versions } from "../support/ledger-bench.ts";
import {
  metadataBench,
  projectWith,
  withParts,
  type MetadataBench,
} from "../support/metadata-bench.ts";
import { withLedger } from "../support/ledger.ts";
import type { Ran } from "../support/run.ts";

/*
 * What a deployment removes from the metadata before its migrations, and what of it comes back if the deployment fails.
 */

/** A bench whose table `users` has a column `note`, and this metadata besides its name. */
async function benchWith(t: TestContext, parts: JsonMap): Promise<MetadataBench> {
  const it = await metadataBench(t);
  await query(it.url, "ALTER TABLE users ADD COLUMN note text");
  await it.write(withParts(it.document(["users"]), parts));
  return it;
}

function deploy(
  it: MetadataBench,
  files: Record<string, string>,
  wanted: JsonMap,
  more: Partial<EngineContext> = {},
  options: object = {},
): Promise<Ran> {
  const request = asked("apply", { metadata: true, ...options });
  return it.run(files, request, { ...projectWith(wanted), assess, ...more });
}

/** The first table of a document, without its name. */
function partsIn({ sources }: JsonMap): JsonMap {
  const [source] = sources as { tables: JsonMap[] }[];
  return Object.fromEntries(
    Object.entries(source?.tables[0] ?? {}).filter(([key]) => key !== "table"),
  );
}

const partsNow = async (it: MetadataBench): Promise<JsonMap> =>
  partsIn((await it.stored()).document);

/** The client of a bench that also keeps the parts of the table whenever it runs a migration that drops a column. */
function watching(it: MetadataBench): { hasura: Hasura; during: JsonMap[] } {
  const during: JsonMap[] = [];
  const runSql: Hasura["runSql"] = async (request) => {
    if (/DROP COLUMN note/.test(request.sql)) during.push(await partsNow(it));
    return it.hasura.runSql(request);
  };
  return { hasura: { ...it.hasura, runSql }, during };
}

const permission = (role: string, columns: string[], filter: JsonMap = {}): JsonMap => ({
  role,
  permission: { columns, filter },
});

const trigger = (columns: string[]): JsonMap => ({
  name: "user_changed",
  definition: { enable_manual: false, update: { columns } },
  webhook: "https://hooks.example",
  retry_conf: { num_retries: 0, interval_sec: 10, timeout_sec: 60 },
});

const dropNote = { "1_note/up": "ALTER TABLE users DROP COLUMN note;" };
/** Deploys the migration that drops the column, which must succeed. `during`: as `watching`. */
async function dropped(
  it: MetadataBench,
  wanted: JsonMap,
): Promise<{ ran: Ran; during: JsonMap[] }> {
  const { hasura, during } = watching(it);
  const ran = await deploy(it, dropNote, wanted, { hasura });
  assert.equal(ran.failure, undefined, ran.failure?.message);
  return { ran, during };
}

const codes = (ran: Ran): (string | undefined)[] => ran.of("log").map(({ code }) => code);

describe("before a migration drops a column", () => {
  test("a table loses the settings of the column, and nothing else", async (t) => {
    const parts = {
      configuration: {
        custom_column_names: { note: "remark" },
        column_config: { note: { custom_name: "remark" }, id: { custom_name: "key" } },
      },
      select_permissions: [permission("user", ["id"])],
    };
    const it = await benchWith(t, parts);
    const wanted = withParts(it.document(["users"]), {
      ...parts,
      configuration: { column_config: { id: { custom_name: "key" } } },
    });
    const { during } = await dropped(it, wanted);
    const [{ configuration, select_permissions } = {}] = during;
    assert.doesNotMatch(JSON.stringify(configuration), /remark/);
    assert.match(JSON.stringify(configuration), /key/);
    assert.deepEqual(select_permissions, parts.select_permissions);
  });

  test("only the column is removed from permissions and event triggers that the project keeps", async (t) => {
    const it = await benchWith(t, {
      select_permissions: [permission("user", ["id", "note"])],
      event_triggers: [trigger(["id", "note"])],
    });
    const wanted = withParts(it.document(["users"]), {
      select_permissions: [permission("user", ["id"])],
      event_triggers: [trigger(["id"])],
    });
    const { ran, during } = await dropped(it, wanted);
    assert.deepEqual(during[0], partsIn(wanted));
    const [message] = ran
      .of("log")
      .flatMap(({ code, message }) => (code === "metadata-taken-out" ? [message] : []));
    assert.match(message ?? "", /columns of event trigger .*columns of select permission/);
  });

  test("an event trigger is removed if no column would be left, and a permission if its filter uses the column", async (t) => {
    const it = await benchWith(t, {
      select_permissions: [permission("user", ["id"], { note: { _eq: "x" } })],
      event_triggers: [trigger(["note"])],
    });
    const wanted = withParts(it.document(["users"]), {
      select_permissions: [permission("user", ["id"])],
      event_triggers: [trigger(["id"])],
    });
    const { during } = await dropped(it, wanted);
    assert.deepEqual(during, [{}]);
    assert.deepEqual(await partsNow(it), partsIn(wanted));
  });

  test("a permission of another table is removed if it uses the column through an object relationship", async (t) => {
    const it = await benchWith(t, {});
    await query(it.url, "ALTER TABLE orders ADD COLUMN user_id int REFERENCES users (id)");
    const owner = { name: "owner", using: { foreign_key_constraint_on: "user_id" } };
    const key = { table: { schema: "public", name: "orders" }, column: "user_id" };
    const orders = { name: "orders", using: { foreign_key_constraint_on: key } };
    const withFilter = (filter: JsonMap): JsonMap =>
      withParts(
        withParts(it.document(["orders", "users"]), {
          object_relationships: [owner],
          select_permissions: [permission("user", ["id"], filter)],
        }),
        { array_relationships: [orders] },
        1,
      );
    await it.write(withFilter({ owner: { note: { _eq: "x" } } }));
    const { during } = await dropped(it, withFilter({ owner: { id: { _eq: 1 } } }));
    assert.deepEqual(during, [{ object_relationships: [owner] }]);
  });

  describe("of a relationship that a permission uses", () => {
    const note = {
      name: "owner",
      using: {
        manual_configuration: {
          remote_table: { schema: "public", name: "users" },
          column_mapping: { note: "note" },
        },
      },
    };

    const start = (t: TestContext): Promise<MetadataBench> =>
      benchWith(t, {
        object_relationships: [note],
        select_permissions: [permission("user", ["id"], { owner: { id: { _eq: 1 } } })],
        event_triggers: [trigger(["id", "note"])],
      });

    test("both are removed if the project has another permission", async (t) => {
      const it = await start(t);
      const wanted = withParts(it.document(["users"]), {
        select_permissions: [permission("user", ["id"])],
        event_triggers: [trigger(["id"])],
      });
      const { during } = await dropped(it, wanted);
      assert.deepEqual(during, [{ event_triggers: [trigger(["id"])] }]);
    });

    test("a permission stays if a role would inherit more without it", async (t) => {
      const it = await start(t);
      const roles = { inherited_roles: [{ role_name: "user", role_set: ["staff", "guest"] }] };
      await it.write({ ...(await it.stored()).document, ...roles });
      const wanted = withParts(it.document(["users"], roles), {
        select_permissions: [permission("user", ["id"])],
        event_triggers: [trigger(["id"])],
      });
      const { ran, during } = await dropped(it, wanted);
      assert.equal(during[0]?.["select_permissions"] === undefined, false);
      assert.ok(codes(ran).includes("metadata-not-taken-out"));
    });

    test("if the project keeps the permission, only event triggers are changed, and they are restored", async (t) => {
      const it = await start(t);
      const before = await partsNow(it);
      const kept = {
        role: "user",
        // As a person writes it: the export leaves defaults out.
        permission: {
          ...{ columns: ["id"], filter: { owner: { id: { _eq: 1 } } } },
          allow_aggregations: false,
        },
      };
      const wanted = withParts(it.document(["users"]), {
        select_permissions: [kept],
        event_triggers: [trigger(["id"])],
      });
      const { hasura, during } = watching(it);
      const failing = { "1_note/up": "ALTER TABLE users DROP COLUMN note; SELECT 1/0;" };
      const ran = await deploy(it, failing, wanted, { hasura });
      assert.equal(ran.failure?.code, "sql-failed");
      assert.deepEqual(during[0], { ...before, event_triggers: [trigger(["id"])] });
      assert.deepEqual(await partsNow(it), before);
    });
  });
});

describe("what was removed comes back", () => {
  const before = {
    select_permissions: [permission("noter", ["note"]), permission("user", ["id", "note"])],
    event_triggers: [trigger(["id", "note"])],
  };
  const both = {
    ...dropNote,
    "2_note/up": "ALTER TABLE users ADD COLUMN note int;",
  };

  test("except permissions, if the metadata is refused after the migrations: their names may be other columns by then", async (t) => {
    const it = await benchWith(t, before);
    for (const applied of [["1", "2"], []]) {
      const ran = await deploy(it, both, it.document(["users", "missing"]));
      assert.equal(ran.failure?.code, "would-be-inconsistent");
      assert.deepEqual(versions(ran), applied);
      assert.deepEqual(await partsNow(it), { event_triggers: before.event_triggers });
    }
  });

  test("except a permission whose column belongs to another one by then", async (t) => {
    const it = await benchWith(t, before);
    await query(it.url, "ALTER TABLE users ADD COLUMN secret text");
    const files = {
      "1_swap/up":
        "ALTER TABLE users RENAME COLUMN note TO old_note; ALTER TABLE users RENAME COLUMN secret TO note;",
      "2_broken/up": "SELECT 1/0;",
    };
    const wanted = withParts(it.document(["users"]), {
      select_permissions: [permission("user", ["id"])],
    });
    const ran = await deploy(it, files, wanted);
    assert.equal(ran.failure?.code, "sql-failed");
    assert.deepEqual(await partsNow(it), {
      select_permissions: [permission("user", ["id"])],
      event_triggers: before.event_triggers,
    });
  });

  test("as far as the new schema allows: what lost a column stays without it", async (t) => {
    const it = await benchWith(t, before);
    const wanted = withParts(it.document(["users", "missing"]), {
      select_permissions: [permission("user", ["id"])],
    });
    const ran = await deploy(it, dropNote, wanted);
    assert.equal(ran.failure?.code, "would-be-inconsistent");
    assert.deepEqual(await partsNow(it), { select_permissions: [permission("user", ["id"])] });
    const warning = ran.of("log").find(({ code }) => code === "metadata-not-put-back");
    assert.match(warning?.message ?? "", /noter in table users.*user in table users/);
  });

  test("if another run changes the database under a plan that was confirmed", async (t) => {
    const it = await benchWith(t, before);
    // Sent as a separate request.
    const later = "-- hasura:no-transaction\nSELECT 3;";
    const files = { ...both, "3_later/up": later, "4_last/up": "SELECT 4;" };
    const shown = await deploy(it, files, it.document(["users"]), {}, { dryRun: true });
    const expectedPlan = shown.of("plan")[0]?.fingerprint;
    const mark = asked("mark", { versions: ["2"], as: "pending" });
    const hasura: Hasura = {
      ...it.hasura,
      runSql: async (request) => {
        // The run counts as dead for the one that marks.
        if (/SELECT 3;/.test(request.sql)) await it.run(files, mark, withLedger({ liveMs: 1 }));
        return it.hasura.runSql(request);
      },
    };
    const ran = await deploy(it, files, it.document(["users"]), { hasura }, { expectedPlan });
    assert.equal(ran.failure?.kind, "busy", ran.failure?.message);
    assert.ok(codes(ran).includes("metadata-put-back"), codes(ran).join());
    assert.deepEqual(await partsNow(it), { event_triggers: before.event_triggers });
  });
});

test("what somebody else has changed while objects were removed is not undone", async (t) => {
  const note = { select_permissions: [permission("noter", ["note"]), permission("other", ["id"])] };
  const it = await benchWith(t, note);
  const revoked = withParts(it.document(["users"]), {
    select_permissions: [permission("noter", ["note"])],
  });
  let isFirst = true;
  const replaceMetadata: Hasura["replaceMetadata"] = async (request) => {
    if (isFirst) await it.write(revoked);
    isFirst = false;
    return it.hasura.replaceMetadata(request);
  };
  const failing = { "1_note/up": "ALTER TABLE users DROP COLUMN note; SELECT 1/0;" };
  const hasura = { ...it.hasura, replaceMetadata };
  const ran = await deploy(it, failing, it.document(["users"]), { hasura });
  assert.equal(ran.failure?.code, "sql-failed");
  assert.deepEqual(await partsNow(it), partsIn(revoked));
});

describe("a deployment that is asked to stop between the migrations and the metadata", () => {
  for (const [reason, ended] of [
    ["deadline", "unreachable/deadline"],
    ["cancelled", "cancelled"],
  ] as const)
    test(`because of ${reason}: it ends as ${ended}, and the next one completes it`, async (t) => {
      const it = await metadataBench(t);
      const files = {
        "1_pets/up": "CREATE TABLE pets (id int PRIMARY KEY);",
        "2_toys/up": "CREATE TABLE toys (id int PRIMARY KEY);",
      };
      const stop = new AbortController();
      const hasura: Hasura = {
        ...it.hasura,
        readMetadata: async () => {
          const metadata = await it.hasura.readMetadata();
          if ((await it.ledger().catch(() => [])).length > 0) stop.abort(reason);
          return metadata;
        },
      };
      const more = { hasura, stop: stop.signal };
      const ran = await deploy(it, files, it.document(["pets"]), more, { steps: 1 });
      const { failure } = ran;
      assert.equal(failure ? `${failure.kind}/${failure.code}` : "cancelled", ended);
      assert.deepEqual(versions(ran), ["1"]);
      const again = await deploy(it, files, it.document(["pets"]));
      assert.deepEqual([again.failure, versions(again)], [undefined, ["2"]]);
    });
});

test("a replacement whose answer was lost has an unknown outcome if the run is stopped before it is looked up", async (t) => {
  const it = await metadataBench(t);
  const stop = new AbortController();
  const replaceMetadata: Hasura["replaceMetadata"] = () => {
    stop.abort();
    return Promise.reject(new HasuraCallError("unknown", "no answer"));
  };
  const hasura = { ...it.hasura, replaceMetadata };
  const ran = await it.apply(it.document(["users"]), {}, { hasura, stop: stop.signal });
  assert.equal(ran.failure?.code, "metadata-outcome-unknown");
  assert.match(ran.failure.message, /the run was stopped/);
});

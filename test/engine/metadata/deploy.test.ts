import assert from "node:assert/strict";
import { describe, test, type TestContext } from "vitest";
import type { Hasura } from "../../../src/engine/hasura/client.ts";
import type { EngineContext } from "../../../src/engine/execute.ts";
import { noMetadata } from "../../../src/engine/project/no-metadata.ts";
import { assess } from "../../../src/lambda/assess.ts";
import type { JsonMap } from "../../../src/metadata/document/json.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { runHint } from "../../../src/protocol/hint.ts";
import { freshDatabase, query } from "../../support/postgres.ts";
import { hintLines } from "../../support/hint-lines.ts";
import { rejected } from "../support/call-errors.ts";
import { asked, versions } from "../support/ledger-bench.ts";
import {
  metadataBench,
  projectWith,
  withParts,
  type MetadataBench,
} from "../support/metadata-bench.ts";
import { run, projectOnDisk, type Ran } from "../support/run.ts";
import { withLedger } from "../support/ledger.ts";

const deploying = (options: object = {}) => asked("apply", { metadata: true, ...options });

const failureOf = ({ failure }: Ran): string | undefined =>
  failure && `${failure.kind}/${failure.code}: ${failure.message}`;

function deploy(
  it: MetadataBench,
  files: Record<string, string>,
  wanted: JsonMap,
  options: object = {},
  more: Partial<EngineContext> = {},
): Promise<Ran> {
  return it.run(files, deploying(options), { ...projectWith(wanted), assess, ...more });
}

/** Objects that somebody else is reported to have changed. */
const meanwhile = (ran: Ran): string[] =>
  ran.of("log").flatMap(({ code, message }) => {
    if (code !== "metadata-changed-meanwhile") return [];
    return /were shown: (.*)\. This run/.exec(message)?.[1] ?? message;
  });

/** A server to which something else happens before or after its metadata is replaced for the first time. */
function onceReplacing(
  hasura: Hasura,
  { before, after }: { before?: () => Promise<void>; after?: () => Promise<void> },
): Hasura {
  let replacements = 0;
  const replaceMetadata: Hasura["replaceMetadata"] = async (replacement) => {
    replacements += 1;
    const isFirst = replacements === 1;
    if (isFirst) await before?.();
    const warnings = await hasura.replaceMetadata(replacement);
    if (isFirst) await after?.();
    return warnings;
  };
  return { ...hasura, replaceMetadata };
}

/** Names of the tables that a document tracks, in the order of the alphabet. */
const tablesOf = ({ sources }: JsonMap): string[] =>
  (sources as { tables: { table: { name: string } }[] }[])
    .flatMap(({ tables }) => tables.map(({ table }) => table.name))
    .sort();

const triggerOn = (columns: string[]): JsonMap => ({
  event_triggers: [
    {
      name: "user_changed",
      definition: { enable_manual: false, update: { columns } },
      webhook: "https://hooks.example",
      retry_conf: { num_retries: 0, interval_sec: 10, timeout_sec: 60 },
    },
  ],
});

describe("apply with metadata", () => {
  test("runs the migrations, then applies the metadata that needs them, without another reload", async (t) => {
    const it = await metadataBench(t);
    const calls: string[] = [];
    const hasura: Hasura = {
      ...it.hasura,
      reloadMetadata: (sources) => {
        calls.push("reload");
        return it.hasura.reloadMetadata(sources);
      },
      replaceMetadata: (replacement) => {
        calls.push("replace");
        return it.hasura.replaceMetadata(replacement);
      },
    };
    const files = { "1_pets/up": "CREATE TABLE pets (id int PRIMARY KEY);" };
    const ran = await deploy(it, files, it.document(["users", "pets"]), {}, { hasura });
    assert.equal(failureOf(ran), undefined);
    assert.deepEqual([versions(ran), calls], [["1"], ["replace"]]);
    assert.deepEqual(tablesOf((await it.stored()).document), ["pets", "users"]);
    const order = ran.events
      .map(({ type }) => type)
      .filter((type) => /metadata|plan|applied/.test(type));
    assert.deepEqual(order, ["metadata.diff", "plan", "migration.applied", "metadata.applied"]);
  });

  test("does one of the two if the other has nothing to do, and neither twice", async (t) => {
    const it = await metadataBench(t);
    const files = { "1_pets/up": "CREATE TABLE pets (id int PRIMARY KEY);" };
    assert.equal(failureOf(await deploy(it, files, it.document([]))), undefined);
    const before = await it.stored();
    const metadataOnly = await deploy(it, files, it.document(["pets"]));
    assert.deepEqual([failureOf(metadataOnly), versions(metadataOnly)], [undefined, []]);
    assert.equal((await it.stored()).version, before.version + 1);
    const calls: string[] = [];
    const counting = (name: string) => {
      calls.push(name);
    };
    const hasura: Hasura = {
      ...it.hasura,
      exportMetadata: () => (counting("exportMetadata"), it.hasura.exportMetadata()),
      readMetadata: () => (counting("readMetadata"), it.hasura.readMetadata()),
      runSql: (request) => (counting("runSql"), it.hasura.runSql(request)),
      replaceMetadata: (request) => (
        counting("replaceMetadata"),
        it.hasura.replaceMetadata(request)
      ),
      reloadMetadata: (sources) => (counting("reloadMetadata"), it.hasura.reloadMetadata(sources)),
    };
    const again = await deploy(it, files, it.document(["pets"]), {}, { hasura });
    assert.deepEqual([failureOf(again), versions(again)], [undefined, []]);
    assert.equal((await it.stored()).version, before.version + 1);
    // The catalog state is read together with the sources.
    assert.ok(calls.length <= 6, calls.join(", "));
  });

  test("shows both before, and refuses them if either is another one by then", async (t) => {
    const it = await metadataBench(t);
    const files = { "1_pets/up": "CREATE TABLE pets (id int PRIMARY KEY);" };
    const wanted = it.document(["pets"]);
    const preview = async (): Promise<string | undefined> => {
      const ran = await deploy(it, files, wanted, { dryRun: true });
      assert.equal(ran.of("metadata.diff").length, 1);
      return ran.of("plan")[0]?.fingerprint;
    };
    const first = await preview();
    const planned = await it.run(files, asked("plan", { metadata: true }), projectWith(wanted));
    assert.equal(planned.of("plan")[0]?.fingerprint, first);
    await it.write(it.document(["items"]));
    const refused = await deploy(it, files, wanted, { expectedPlan: first });
    assert.equal(refused.failure?.code, "plan-changed");
    assert.deepEqual(await it.ledger(), []);
    const ran = await deploy(it, files, wanted, { expectedPlan: await preview() });
    assert.equal(failureOf(ran), undefined);
    assert.deepEqual(await it.ledger(), ["1"]);
  });

  test("takes an event trigger out of the metadata before its column goes, and what replaces it comes after", async (t) => {
    const it = await metadataBench(t);
    await query(it.url, "ALTER TABLE users ADD COLUMN note text");
    const before = withParts(it.document(["users"]), triggerOn(["note"]));
    await it.write(before);
    const files = { "1_note/up": "ALTER TABLE users DROP COLUMN note;" };
    const ran = await deploy(it, files, it.document(["users"]));
    assert.equal(failureOf(ran), undefined);
    const kept = await it.kept();
    // What differed only in the trigger is replaced once: afterwards nothing is left to do.
    assert.equal(kept.length, 1);
    assert.doesNotMatch(JSON.stringify((await it.stored()).document), /user_changed/);
    assert.ok(ran.of("log").some(({ code }) => code === "metadata-taken-out"));
    const isBefore =
      ran.events.findIndex((event) => event.type === "log" && event.code === "metadata-taken-out") <
      ran.events.findIndex(({ type }) => type === "migration.started");
    assert.ok(isBefore);
  });

  describe("of a permission that is taken out before its column is renamed", () => {
    const permissionOn = (column: string): JsonMap => ({
      select_permissions: [
        {
          role: "user",
          permission: { columns: ["id", column], filter: { [column]: { _eq: "x" } } },
        },
      ],
    });
    const files = { "1_note/up": "ALTER TABLE users RENAME COLUMN note TO remark;" };

    async function bench(t: TestContext): Promise<MetadataBench> {
      const it = await metadataBench(t);
      await query(it.url, "ALTER TABLE users ADD COLUMN note text");
      await it.write(withParts(it.document(["users"]), permissionOn("note")));
      return it;
    }

    test("the project's permission comes after it", async (t) => {
      const it = await bench(t);
      const wanted = withParts(it.document(["users"]), permissionOn("remark"));
      const ran = await deploy(it, files, wanted);
      assert.equal(failureOf(ran), undefined);
      assert.ok(ran.of("log").some(({ code }) => code === "metadata-taken-out"));
      const differences = await it.run({}, asked("metadata-diff"), projectWith(wanted));
      assert.deepEqual(differences.of("metadata.diff")[0]?.changes, []);
    });

    test("what others change during the migrations is not overwritten", async (t) => {
      const it = await bench(t);
      const wanted = withParts(it.document(["users"]), permissionOn("remark"));
      const hasura: Hasura = {
        ...it.hasura,
        runSql: async (request) => {
          const answer = await it.hasura.runSql(request);
          if (/RENAME COLUMN/.test(request.sql)) await it.write(it.document(["users", "orders"]));
          return answer;
        },
      };
      const ran = await deploy(it, files, wanted, {}, { hasura });
      assert.equal(ran.failure?.code, "metadata-changed");
      assert.deepEqual(tablesOf((await it.stored()).document), ["orders", "users"]);
    });

    test("what others change while it is taken out is not overwritten, and no migration runs", async (t) => {
      const it = await bench(t);
      const wanted = withParts(it.document(["users"]), permissionOn("remark"));
      const theirs = withParts(it.document(["orders", "users"]), permissionOn("note"), 1);
      const hasura = onceReplacing(it.hasura, { before: () => it.write(theirs) });
      const ran = await deploy(it, files, wanted, {}, { hasura });
      assert.equal(ran.failure?.code, "metadata-changed");
      assert.deepEqual([await it.ledger(), meanwhile(ran)], [[], ["default › public.orders"]]);
      assert.deepEqual((await it.stored()).document, theirs);
    });

    test("what others change right after it was taken out is not overwritten by putting it back", async (t) => {
      const it = await bench(t);
      const wanted = withParts(it.document(["users"]), permissionOn("remark"));
      const theirs = it.document(["orders", "users"]);
      const hasura = onceReplacing(it.hasura, { after: () => it.write(theirs) });
      const failing = { "1_note/up": `${files["1_note/up"]} SELECT 1/0;` };
      const ran = await deploy(it, failing, wanted, {}, { hasura });
      assert.ok(ran.failure);
      assert.deepEqual((await it.stored()).document, theirs);
    });
  });

  test("names what others have changed during the migrations, also if it overwrites nothing of that", async (t) => {
    const it = await metadataBench(t);
    const files = { "1_pets/up": "CREATE TABLE pets (id int PRIMARY KEY);" };
    const hasura: Hasura = {
      ...it.hasura,
      runSql: async (request) => {
        const answer = await it.hasura.runSql(request);
        if (/CREATE TABLE pets/.test(request.sql)) await it.write(it.document(["users"]));
        return answer;
      },
    };
    const ran = await deploy(it, files, it.document(["users", "pets"]), {}, { hasura });
    assert.deepEqual([failureOf(ran), meanwhile(ran)], [undefined, ["default › public.users"]]);
    assert.deepEqual(tablesOf((await it.stored()).document), ["pets", "users"]);
  });

  test("puts back what it has taken out if the migrations fail, and does both in the next run", async (t) => {
    const it = await metadataBench(t);
    await query(it.url, "ALTER TABLE users ADD COLUMN note text");
    await it.write(withParts(it.document(["users"]), triggerOn(["note"])));
    const failing = { "1_note/up": "ALTER TABLE users DROP COLUMN note; SELECT 1/0;" };
    const failed = await deploy(it, failing, it.document(["users", "orders"]));
    assert.equal(failed.failure?.code, "sql-failed");
    assert.match(JSON.stringify((await it.stored()).document), /user_changed/);
    const files = { "1_note/up": "ALTER TABLE users DROP COLUMN note;" };
    const ran = await deploy(it, files, it.document(["users", "orders"]));
    assert.equal(failureOf(ran), undefined);
    assert.deepEqual(tablesOf((await it.stored()).document), ["orders", "users"]);
    assert.doesNotMatch(JSON.stringify((await it.stored()).document), /user_changed/);
  });

  describe("of permissions that are taken out", () => {
    const permissions = ["note", "remark"].map((column) => ({
      role: `${column}r`,
      permission: { columns: ["id", column], filter: {} },
    }));

    async function bench(t: TestContext): Promise<MetadataBench> {
      const it = await metadataBench(t);
      await query(it.url, "ALTER TABLE users ADD COLUMN note text, ADD COLUMN remark text");
      await it.write(withParts(it.document(["users"]), { select_permissions: permissions }));
      return it;
    }

    const rolesNow = async (it: MetadataBench): Promise<string[]> =>
      [...JSON.stringify((await it.stored()).document).matchAll(/"role":"(\w+)"/g)]
        .map(([, role = ""]) => role)
        .sort();

    const drop = (column: string): string => `ALTER TABLE users DROP COLUMN ${column};`;

    test("a run that is cancelled puts them back", async (t) => {
      const it = await bench(t);
      const before = await it.stored();
      const stop = new AbortController();
      const hasura: Hasura = {
        ...it.hasura,
        replaceMetadata: async (replacement) => {
          const warnings = await it.hasura.replaceMetadata(replacement);
          stop.abort();
          return warnings;
        },
      };
      const more = { hasura, stop: stop.signal };
      const ran = await deploy(it, { "1_note/up": drop("note") }, it.document(["users"]), {}, more);
      assert.equal(ran.of("run.finished")[0]?.cancelled, true);
      assert.deepEqual(await it.ledger(), []);
      assert.deepEqual((await it.stored()).document, before.document);
    });

    test("a later invocation of the run puts back those that it still can", async (t) => {
      const it = await bench(t);
      const files = {
        "1_note/up": drop("note"),
        "2_remark/up": `${drop("remark")} SELECT 1/0;`,
      };
      const more = { ...projectWith(it.document(["users"])), assess };
      const request = deploying({ sliceMs: 1 });
      const first = await it.run(files, request, more);
      assert.equal(first.of("run.paused").length, 1);
      assert.deepEqual(await rolesNow(it), []);
      const second = await it.run(files, { ...request, part: 2 }, more);
      assert.equal(second.failure?.code, "sql-failed");
      assert.deepEqual(await rolesNow(it), ["remarkr"]);
      const warning = second.of("log").find(({ code }) => code === "metadata-not-put-back");
      assert.match(warning?.message ?? "", /noter in table users/);
      const original = (await it.kept())[0];
      assert.match(JSON.stringify(original), /noter.*remarkr/);
    });

    test("a later invocation does not put back a permission whose column is another one by then", async (t) => {
      const it = await bench(t);
      const files = {
        "1_note/up": `${drop("note")} ALTER TABLE users RENAME COLUMN remark TO note;`,
        "2_broken/up": "SELECT 1/0;",
      };
      const more = { ...projectWith(it.document(["users"])), assess };
      const request = deploying({ sliceMs: 1 });
      const first = await it.run(files, request, more);
      assert.equal(first.of("run.paused").length, 1);
      const second = await it.run(files, { ...request, part: 2 }, more);
      assert.equal(second.failure?.code, "sql-failed");
      assert.deepEqual(await rolesNow(it), []);
      const warning = second.of("log").find(({ code }) => code === "metadata-not-put-back");
      assert.match(warning?.message ?? "", /noter in table users/);
    });

    test("a run of a project without the file that was applied puts no permission back", async (t) => {
      const it = await bench(t);
      const files = {
        "1_note/up": `${drop("note")} ALTER TABLE users RENAME COLUMN remark TO note;`,
        "2_more/up": "SELECT 1;",
      };
      const first = await deploy(it, files, it.document(["users"]), { sliceMs: 1 });
      assert.equal(first.of("run.paused").length, 1);
      const failing = { "3_broken/up": "SELECT 1/0;" };
      const later = withLedger({ liveMs: 1 });
      const failed = await deploy(it, failing, it.document(["users"]), {}, later);
      assert.equal(failed.failure?.code, "sql-failed");
      assert.deepEqual(await rolesNow(it), []);
    });

    test("a file that has committed a part of itself counts as applied", async (t) => {
      const it = await bench(t);
      const failing = `-- hasura:no-transaction
${drop("note")}
ALTER TABLE users RENAME COLUMN remark TO note;
SELECT 1/0;`;
      const failed = await deploy(it, { "1_note/up": failing }, it.document(["users"]));
      assert.ok(failed.failure);
      assert.deepEqual(await rolesNow(it), []);
    });

    describe("by a confirmed run that has paused", () => {
      const files = { "1_note/up": drop("note"), "2_remark/up": drop("remark") };

      /** The run after its first invocation; `invoke` goes on with it. */
      async function paused(t: TestContext) {
        const it = await bench(t);
        const wanted = it.document(["users", "orders"]);
        const invoke = (options: object, document: JsonMap): Promise<Ran> =>
          it.run(files, { ...request, ...options }, { ...projectWith(document), assess });
        const preview = await deploy(it, files, wanted, { dryRun: true });
        const expectedPlan = preview.of("plan")[0]?.fingerprint;
        const request = deploying({ sliceMs: 1, expectedPlan });
        const first = await invoke({}, wanted);
        assert.equal(first.of("run.paused").length, 1, failureOf(first));
        return { ...it, wanted, invoke };
      }

      test("a later invocation completes it", async (t) => {
        const it = await paused(t);
        const second = await it.invoke({ part: 2 }, it.wanted);
        assert.deepEqual([failureOf(second), versions(second)], [undefined, ["2"]]);
        assert.deepEqual(tablesOf((await it.stored()).document), ["orders", "users"]);
      });

      test("a later invocation does not overwrite what somebody else has changed since", async (t) => {
        const it = await paused(t);
        await it.write(it.document(["users", "items"]));
        const second = await it.invoke({ part: 2 }, it.wanted);
        assert.equal(second.failure?.code, "metadata-changed");
        assert.deepEqual(await it.ledger(), ["1"]);
        assert.deepEqual(tablesOf((await it.stored()).document), ["items", "users"]);
        assert.ok(second.of("log").some(({ code }) => code === "metadata-not-put-back"));
      });

      test.for([
        { what: "has no metadata any more", added: {} },
        { what: "has other migrations and no metadata", added: { "3_more/up": "SELECT 1;" } },
      ])("a later invocation is refused if the project $what", async ({ added }, t) => {
        const it = await bench(t);
        const wanted = it.document(["users", "orders"]);
        const metadata = "if-present";
        const preview = await deploy(it, files, wanted, { dryRun: true, metadata });
        const expectedPlan = preview.of("plan")[0]?.fingerprint;
        const request = deploying({ sliceMs: 1, expectedPlan, metadata });
        const first = await it.run(files, request, { ...projectWith(wanted), assess });
        assert.equal(first.of("run.paused").length, 1, failureOf(first));
        const none = { projectMetadata: () => Promise.reject(noMetadata()), assess };
        const [now, part] = [{ ...files, ...added }, 2];
        const options = { sliceMs: 1, expectedPlan, metadata, dryRun: true };
        const dry = { ...deploying(options), runId: request.runId, part };
        assert.equal((await it.run(now, dry, none)).failure?.code, "plan-outdated");
        assert.deepEqual(await rolesNow(it), [], "a dry run changes nothing");
        const second = await it.run(now, { ...request, part }, none);
        assert.equal(second.failure?.code, "plan-outdated");
        assert.deepEqual([await it.ledger(), await rolesNow(it)], [["1"], ["remarkr"]]);
      });

      test("a later invocation connects no database that was not confirmed", async (t) => {
        const it = await paused(t);
        const { sources, ...others } = it.wanted as { sources: JsonMap[] };
        const [source] = sources;
        const more = { ...others, sources: [...sources, { ...source, name: "audit", tables: [] }] };
        const second = await it.invoke({ part: 2 }, more);
        assert.equal(second.failure?.code, "plan-outdated");
        assert.doesNotMatch(JSON.stringify((await it.stored()).document), /audit/);
        assert.deepEqual(await rolesNow(it), ["remarkr"]);
      });

      test("a later invocation does not apply other metadata of the project, and puts back what it can", async (t) => {
        const it = await paused(t);
        const second = await it.invoke({ part: 2 }, it.document(["users", "items"]));
        assert.equal(second.failure?.code, "plan-outdated");
        assert.deepEqual(await it.ledger(), ["1"]);
        assert.deepEqual(await rolesNow(it), ["remarkr"]);
      });

      test("a later invocation completes it if somebody else has already applied the metadata", async (t) => {
        const it = await paused(t);
        await it.write(it.wanted);
        const second = await it.invoke({ part: 2 }, it.wanted);
        assert.deepEqual([failureOf(second), versions(second)], [undefined, ["2"]]);
      });

      test("another run that is refused before its migrations puts back those that it still can", async (t) => {
        const it = await paused(t);
        const later = withLedger({ liveMs: 1 });
        const refused = await deploy(it, files, it.wanted, { expectedPlan: "another" }, later);
        assert.equal(refused.failure?.code, "plan-changed");
        assert.deepEqual(await rolesNow(it), ["remarkr"]);
      });
    });

    test("a run that Hasura does not answer any more reports them as missing", async (t) => {
      const it = await bench(t);
      let replacements = 0;
      const hasura: Hasura = {
        ...it.hasura,
        replaceMetadata: (replacement) => {
          replacements += 1;
          if (replacements > 1) throw rejected({ status: 401 });
          return it.hasura.replaceMetadata(replacement);
        },
      };
      const wanted = it.document(["users", "orders"]);
      const ran = await deploy(it, { "1_note/up": drop("note") }, wanted, {}, { hasura });
      assert.equal(ran.failure?.kind, "access");
      const warning = ran.of("log").find(({ code }) => code === "metadata-not-put-back");
      assert.match(warning?.message ?? "", /still missing/);
    });

    test("a run of a project without metadata does not keep a later one from putting them back", async (t) => {
      const it = await bench(t);
      const wanted = it.document(["users"]);
      const later = { ...withLedger({ liveMs: 1 }) };
      const files = { "1_note/up": drop("note"), "3_remark/up": drop("remark") };
      const killed = await deploy(it, files, wanted, { sliceMs: 1 });
      assert.equal(killed.of("run.paused").length, 1);
      const others = { "2_other/up": "SELECT 1;" };
      const other = await it.run(
        { "1_note/up": drop("note"), ...others },
        deploying({ metadata: "if-present" }),
        { projectMetadata: () => Promise.reject(noMetadata()), ...later },
      );
      assert.deepEqual([failureOf(other), versions(other)], [undefined, ["2"]]);
      const failing = { ...files, ...others, "3_remark/up": `${drop("remark")} SELECT 1/0;` };
      const failed = await deploy(it, failing, wanted, {}, later);
      assert.equal(failed.failure?.code, "sql-failed");
      assert.deepEqual(await rolesNow(it), ["remarkr"]);
    });

    describe("by a deployment of one of two databases that was killed", () => {
      const users = {
        "default/1_note": drop("note"),
        "default/2_remark": drop("remark"),
        "billing/1_invoices": "CREATE TABLE invoices (id int PRIMARY KEY);",
      };

      async function twoDatabases(t: TestContext) {
        const it = await bench(t);
        const billing: JsonMap = {
          ...{ name: "billing", kind: "postgres", tables: [] },
          configuration: { connection_info: { database_url: await freshDatabase(t) } },
        };
        const both = (document: JsonMap): JsonMap => ({
          ...document,
          sources: [...(document["sources"] as JsonMap[]), billing],
        });
        await it.write(both((await it.stored()).document));
        const execute = async (
          migrations: Record<string, string>,
          options: object,
          more: Partial<EngineContext> = {},
        ): Promise<Ran> => {
          const ups = Object.entries(migrations).map(([path, sql]) => [
            `migrations/${path}/up.sql`,
            sql,
          ]);
          const root = await projectOnDisk(t, {
            "config.yaml": "version: 3\n",
            ...(Object.fromEntries(ups) as Record<string, string>),
          });
          return run(it.hasura, root, deploying(options), {
            ...withLedger({ liveMs: 1 }),
            ...projectWith(both(it.document(["users"]))),
            assess,
            now: () => performance.now(),
            ...more,
          });
        };
        return { ...it, execute };
      }

      async function killed(t: TestContext) {
        const it = await twoDatabases(t);
        const first = await it.execute(users, { database: "default", sliceMs: 1 });
        assert.equal(first.of("run.paused").length, 1, failureOf(first));
        return it;
      }

      test("a run puts back what it has removed itself, also if another ledger cannot be read", async (t) => {
        const it = await twoDatabases(t);
        const unreadable = () =>
          Promise.reject(new Failure("usage", "ledger-permission", "not readable"));
        const { openStore } = withLedger();
        const more: Partial<EngineContext> = {
          openStore: async (database, context) => {
            const store = await openStore(database, context);
            if (database.name === "default" || store.metadata === undefined) return store;
            return { ...store, metadata: { ...store.metadata, openReplacements: unreadable } };
          },
        };
        const failing = {
          ...users,
          "default/1_note": "SELECT 1/0; ALTER TABLE users DROP COLUMN note;",
        };
        const ran = await it.execute(failing, { database: "default" }, more);
        assert.equal(ran.failure?.code, "sql-failed");
        assert.deepEqual(await rolesNow(it), ["noter", "remarkr"]);
        const warning = ran.of("log").find(({ code }) => code === "metadata-not-put-back");
        assert.match(warning?.message ?? "", /could not be read from the ledger/);
      });

      test("another deployment waits for it, also if it is of the other database", async (t) => {
        const it = await twoDatabases(t);
        const failing = { ...users, "billing/1_invoices": "SELECT 1/0;" };
        let other: Promise<Ran> | undefined;
        const startOther = (): Promise<void> =>
          new Promise((waits) => {
            const emit: EngineContext["emit"] = ({ type }) => {
              if (type === "waiting" || type === "run.failed") waits();
            };
            const more = { ...withLedger(), emit };
            other ??= it.execute(failing, { database: "billing" }, more);
          });
        const hasura: Hasura = {
          ...it.hasura,
          runSql: async (request) => {
            if (/DROP COLUMN note/.test(request.sql)) await startOther();
            return it.hasura.runSql(request);
          },
        };
        const ran = await it.execute(users, { database: "default" }, { ...withLedger(), hasura });
        const otherRan = await other;
        assert.deepEqual([failureOf(ran), versions(ran)], [undefined, ["1", "2"]]);
        assert.equal(otherRan?.failure?.code, "sql-failed");
        assert.deepEqual(
          otherRan.of("log").filter(({ code }) => code === "metadata-put-back"),
          [],
        );
        assert.deepEqual(await rolesNow(it), []);
      });

      test("one that cannot be registered in the other database runs with a warning", async (t) => {
        const it = await twoDatabases(t);
        const { openStore } = withLedger();
        const more: Partial<EngineContext> = {
          openStore: (database, context) =>
            database.name === "default"
              ? openStore(database, context)
              : Promise.reject(new Failure("usage", "ledger-permission", "not allowed")),
        };
        const ran = await it.execute(users, { database: "default" }, more);
        assert.deepEqual([failureOf(ran), versions(ran)], [undefined, ["1", "2"]]);
        assert.ok(ran.of("log").some(({ code }) => code === "no-ledger"));
      });

      test("a run of the other database that fails does not put them back: it does not know what was applied", async (t) => {
        const it = await killed(t);
        const failing = { ...users, "billing/1_invoices": "SELECT 1/0;" };
        const failed = await it.execute(failing, { database: "billing" });
        assert.equal(failed.failure?.code, "sql-failed");
        assert.deepEqual(await rolesNow(it), []);
        const warning = failed.of("log").find(({ code }) => code === "metadata-not-put-back");
        assert.match(warning?.message ?? "", /noter in table users.*remarkr in table users/);
      });

      test("they stay removed once a deployment of the other database has applied the metadata", async (t) => {
        const it = await killed(t);
        const done = await it.execute(users, { database: "billing" });
        assert.deepEqual([failureOf(done), versions(done)], [undefined, ["1"]]);
        const failing = { ...users, "default/2_remark": `${drop("remark")} SELECT 1/0;` };
        const failed = await it.execute(failing, { database: "default" });
        assert.equal(failed.failure?.code, "sql-failed");
        assert.deepEqual(await rolesNow(it), []);
      });
    });

    test("they stay removed once metadata apply has found nothing left to apply", async (t) => {
      const it = await bench(t);
      const wanted = it.document(["users"]);
      const files = { "1_note/up": drop("note"), "2_remark/up": drop("remark") };
      const killed = await deploy(it, files, wanted, { sliceMs: 1 });
      assert.equal(killed.of("run.paused").length, 1);
      const later = withLedger({ liveMs: 1 });
      assert.equal(failureOf(await it.apply(wanted, {}, later)), undefined);
      const failing = { ...files, "2_remark/up": `${drop("remark")} SELECT 1/0;` };
      const failed = await deploy(it, failing, wanted, {}, later);
      assert.equal(failed.failure?.code, "sql-failed");
      assert.deepEqual(await rolesNow(it), []);
    });

    test("a later invocation names what it cannot put back, because nothing is kept", async (t) => {
      const it = await bench(t);
      const files = {
        "1_note/up": drop("note"),
        "2_remark/up": `${drop("remark")} SELECT 1/0;`,
      };
      const more = {
        ...projectWith(it.document(["users"])),
        ...withLedger({ keepsMetadata: false }),
        assess,
      };
      const request = deploying({ sliceMs: 1 });
      await it.run(files, request, more);
      const second = await it.run(files, { ...request, part: 2 }, more);
      assert.equal(second.failure?.code, "sql-failed");
      const warning = second.of("log").find(({ code }) => code === "metadata-not-put-back");
      assert.match(warning?.message ?? "", /the ledger has no copy of them/);
    });

    test("a run that fails does not put back what an earlier one was meant to remove", async (t) => {
      const it = await bench(t);
      const files = { "1_note/up": `${drop("note")} ALTER TABLE users ADD COLUMN note text;` };
      const wanted = withParts(it.document(["users"]), {
        select_permissions: permissions.slice(1),
      });
      assert.equal(failureOf(await deploy(it, files, wanted)), undefined);
      const more = { ...files, "2_broken/up": `${drop("remark")} SELECT 1/0;` };
      const failed = await deploy(it, more, it.document(["users"]));
      assert.equal(failed.failure?.code, "sql-failed");
      assert.deepEqual(await rolesNow(it), ["remarkr"]);
    });
  });

  test("puts nothing back if somebody else has changed the metadata while the migrations failed", async (t) => {
    const it = await metadataBench(t);
    await query(it.url, "ALTER TABLE users ADD COLUMN note text");
    await it.write(withParts(it.document(["users"]), triggerOn(["note"])));
    const files = { "1_note/up": "ALTER TABLE users DROP COLUMN note; SELECT 1/0;" };
    const hasura: Hasura = {
      ...it.hasura,
      runSql: async (request) => {
        if (/DROP COLUMN note/.test(request.sql)) await it.write(it.document(["users", "items"]));
        return it.hasura.runSql(request);
      },
    };
    const ran = await deploy(it, files, it.document(["users", "orders"]), {}, { hasura });
    assert.equal(ran.failure?.code, "sql-failed");
    assert.ok(ran.of("log").some(({ code }) => code === "metadata-not-put-back"));
    assert.deepEqual(tablesOf((await it.stored()).document), ["items", "users"]);
  });

  test("a project without metadata is migrated if only the configuration asks for metadata, and refused if the command does", async (t) => {
    const it = await metadataBench(t);
    const files = { "1_pets/up": "CREATE TABLE pets (id int PRIMARY KEY);" };
    const none = { projectMetadata: () => Promise.reject(noMetadata()) };
    const refused = await it.run(files, deploying(), none);
    assert.equal(refused.failure?.code, "no-metadata");
    const planned = await it.run(files, asked("plan", { metadata: "if-present" }), none);
    assert.deepEqual([failureOf(planned), planned.of("plan").length], [undefined, 1]);
    const before = await it.stored();
    const ran = await it.run(files, deploying({ metadata: "if-present" }), none);
    assert.deepEqual([failureOf(ran), versions(ran)], [undefined, ["1"]]);
    assert.ok(ran.of("log").some(({ code }) => code === "no-metadata"));
    assert.deepEqual(await it.stored(), before);
  });

  test("reports metadata that Hasura could not use after the migrations, which stay", async (t) => {
    const it = await metadataBench(t);
    const files = { "1_pets/up": "CREATE TABLE pets (id int PRIMARY KEY);" };
    const ran = await deploy(it, files, it.document(["missing"]));
    assert.equal(ran.failure?.code, "would-be-inconsistent");
    const command = ["metadata", "apply", "dev-3", "--allow-inconsistent"];
    assert.deepEqual(ran.failure.hints.at(-1), runHint(command, "apply it anyway"));
    assert.deepEqual(
      ran.of("run.failed").map(({ applied }) => applied),
      [1],
    );
    assert.deepEqual(await it.ledger(), ["1"]);
  });

  describe("of a project with a database that is new", () => {
    interface NewDatabase extends MetadataBench {
      readonly billing: string;
      /** Applies its migrations through another Hasura server. */
      applyElsewhere(): Promise<void>;
      execute(options: object, more?: Partial<EngineContext>, request?: object): Promise<Ran>;
    }

    async function bench(
      t: TestContext,
      {
        kind = "postgres",
        users = "",
        invoices = "CREATE TABLE invoices (id int PRIMARY KEY);",
        address = (url) => url,
        settings = {},
        paid = "",
      }: {
        kind?: string;
        users?: string;
        invoices?: string;
        address?: (url: string) => string;
        settings?: JsonMap;
        paid?: string;
      } = {},
    ): Promise<NewDatabase> {
      const it = await metadataBench(t);
      const billing = await freshDatabase(t);
      const { sources } = it.document(["users"]) as { sources: JsonMap[] };
      const wanted: JsonMap = {
        version: 3,
        sources: [
          ...sources,
          {
            name: "billing",
            kind,
            configuration: { connection_info: { database_url: address(billing) } },
            tables: [{ table: { schema: "public", name: "invoices" } }],
            ...settings,
          },
        ],
      };
      const root = await projectOnDisk(t, {
        "config.yaml": "version: 3\n",
        "migrations/billing/1_invoices/up.sql": invoices,
        ...(users !== "" && { "migrations/default/2_users/up.sql": users }),
        ...(paid !== "" && { "migrations/billing/3_paid/up.sql": paid }),
      });
      const execute = (options: object, more: Partial<EngineContext> = {}, request: object = {}) =>
        run(
          it.hasura,
          root,
          { ...deploying(options), ...request },
          {
            ...withLedger(),
            ...projectWith(wanted),
            assess,
            now: () => performance.now(),
            ...more,
          },
        );
      const applyElsewhere = async (): Promise<void> => {
        const other = await metadataBench(t);
        const { sources: own } = other.document([]) as { sources: JsonMap[] };
        const added = (wanted["sources"] as JsonMap[]).slice(-1);
        const connected = added.map((each) => ({ ...each, tables: [] }));
        await other.write({ version: 3, sources: [...own, ...connected] });
        const request = asked("apply", { database: "billing" });
        const ran = await run(other.hasura, root, request, withLedger());
        assert.equal(failureOf(ran), undefined);
      };
      return { ...it, billing, applyElsewhere, execute };
    }

    const unconnectedNotices = (ran: Ran): string[] =>
      ran.of("log").flatMap(({ code, message }) => (code === "not-connected" ? message : []));

    const planned = (ran: Ran) =>
      ran
        .of("plan")[0]
        ?.databases.map(({ database, items }) => [database, items.map(({ version }) => version)]);

    test("it is planned before, then connected, then its migrations run", async (t) => {
      const it = await bench(t);
      const preview = await it.execute({ dryRun: true });
      assert.equal(failureOf(preview), undefined);
      assert.deepEqual(planned(preview), [
        ["default", []],
        ["billing", ["1"]],
      ]);
      assert.ok(preview.of("log").some(({ code }) => code === "not-connected"));
      const ran = await it.execute({ expectedPlan: preview.of("plan")[0]?.fingerprint });
      assert.equal(failureOf(ran), undefined);
      assert.deepEqual(versions(ran), ["1"]);
      assert.equal(ran.of("metadata.diff").length, 1);
      assert.deepEqual(tablesOf((await it.stored()).document), ["invoices", "users"]);
      const again = await it.execute({});
      assert.deepEqual([failureOf(again), versions(again)], [undefined, []]);
    });

    test("it is connected with its settings, which are not refused as somebody else's change later", async (t) => {
      const settings = {
        customization: { root_fields: { prefix: "billing_" } },
        query_tags: { disabled: true },
        of_a_newer_version: true,
      };
      const it = await bench(t, { settings });
      const ran = await it.execute({});
      assert.deepEqual([failureOf(ran), meanwhile(ran)], [undefined, []]);
      const { sources } = (await it.stored()).document as { sources: JsonMap[] };
      const billing = sources.find(({ name }) => name === "billing");
      assert.deepEqual(billing?.["customization"], settings.customization);
    });

    for (const [what, settings] of [
      ["", { customization: { root_fields: { namespace: "billing" } } }],
      [", also if Hasura ignores a setting of the database", { of_a_newer_version: true }],
    ] as const)
      test(`a confirmed run that pauses goes on in a later invocation${what}`, async (t) => {
        const paid = "ALTER TABLE invoices ADD COLUMN paid boolean;";
        const it = await bench(t, { paid, settings });
        const preview = await it.execute({ dryRun: true });
        const options = { sliceMs: 1, expectedPlan: preview.of("plan")[0]?.fingerprint };
        const { runId } = deploying();
        const first = await it.execute(options, {}, { runId });
        assert.equal(first.of("run.paused").length, 1, failureOf(first));
        const second = await it.execute(options, {}, { runId, part: 2 });
        assert.deepEqual([failureOf(second), versions(second)], [undefined, ["3"]]);
        assert.deepEqual(tablesOf((await it.stored()).document), ["invoices", "users"]);
      });

    test("it can be the only one that is planned and migrated", async (t) => {
      const it = await bench(t, { users: "ALTER TABLE users ADD COLUMN note text;" });
      const preview = await it.execute({ dryRun: true, database: "billing" });
      assert.deepEqual(planned(preview), [["billing", ["1"]]]);
      const ran = await it.execute({ database: "billing" });
      assert.deepEqual([failureOf(ran), versions(ran)], [undefined, ["1"]]);
      for (const url of [it.url, it.billing])
        assert.deepEqual(
          await query(url, "SELECT id FROM hasura_migrate.run WHERE ended_at IS NULL"),
          [],
        );
    });

    test("it is named as not connected only if it is in the plan", async (t) => {
      const it = await bench(t, { users: "ALTER TABLE users ADD COLUMN note text;" });
      const whole = unconnectedNotices(await it.execute({ dryRun: true }));
      assert.match(whole.join("\n"), /^billing is not connected to Hasura yet/);
      const preview = await it.execute({ dryRun: true, database: "default" });
      assert.deepEqual([planned(preview), unconnectedNotices(preview)], [[["default", ["2"]]], []]);
    });

    test("what Hasura's own record has as applied there is not planned again", async (t) => {
      const it = await bench(t);
      assert.equal(failureOf(await it.execute({})), undefined);
      await it.write(it.document(["users"]));
      const preview = await it.execute({ dryRun: true });
      assert.deepEqual(planned(preview), [
        ["default", []],
        ["billing", []],
      ]);
      const ran = await it.execute({ expectedPlan: preview.of("plan")[0]?.fingerprint });
      assert.deepEqual([failureOf(ran), versions(ran)], [undefined, []]);
      assert.deepEqual(tablesOf((await it.stored()).document), ["invoices", "users"]);
    });

    test("what only its ledger has as applied changes the plan once it is connected, as which it stays", async (t) => {
      const it = await bench(t);
      await it.applyElsewhere();
      const preview = async (): Promise<Ran> => it.execute({ dryRun: true });
      const first = await preview();
      const refused = await it.execute({ expectedPlan: first.of("plan")[0]?.fingerprint });
      assert.match(
        failureOf(refused) ?? "",
        /^busy\/plan-changed: This run connected billing to Hasura\. .* No migration was run\.$/,
      );
      const notices = refused.of("log").filter(({ code }) => code === "sources-added");
      assert.deepEqual(
        notices.map(({ message }) => message),
        ["Connected billing to Hasura.", "billing stays connected to Hasura."],
      );
      const second = await preview();
      assert.deepEqual(planned(second), [
        ["billing", []],
        ["default", []],
      ]);
      const ran = await it.execute({ expectedPlan: second.of("plan")[0]?.fingerprint });
      assert.deepEqual([failureOf(ran), versions(ran)], [undefined, []]);
    });

    const replacing = {
      invoices: "DROP TABLE IF EXISTS invoices; CREATE TABLE invoices (id int PRIMARY KEY);",
    };

    for (const [where, more, options] of [
      ["an environment that is not protected", {}, {}],
      ["a protected environment", { protected: true }, { confirm: "dev-3" }],
    ] as const)
      test(`in ${where}, its migrations may drop a table that it does not have`, async (t) => {
        const it = await bench(t, replacing);
        const preview = await it.execute({ dryRun: true }, more);
        assert.equal(failureOf(preview), undefined);
        const ran = await it.execute(options, more);
        assert.deepEqual([failureOf(ran), versions(ran)], [undefined, ["1"]]);
      });

    test("a table with rows that it does have is not dropped before that is confirmed", async (t) => {
      const it = await bench(t, replacing);
      await query(it.billing, "CREATE TABLE invoices AS SELECT 1 AS id");
      const refused = await it.execute({});
      assert.equal(refused.failure?.code, "data-loss");
      assert.ok(refused.of("log").some(({ code }) => code === "sources-added"));
      assert.deepEqual(await query(it.billing, "SELECT id FROM invoices"), [{ id: 1 }]);
      const ran = await it.execute({ yes: true });
      assert.deepEqual([failureOf(ran), versions(ran)], [undefined, ["1"]]);
    });

    for (const { what, users, options, more, code } of [
      { what: "a plan that is not the confirmed one", options: { expectedPlan: "another" } },
      {
        what: "a risk that is not allowed",
        users: "ALTER TABLE users ADD COLUMN note text; DROP TABLE items;",
        more: { protected: true },
        code: "risk-not-allowed",
      },
      {
        what: "a loss of data that nobody has confirmed",
        users: "DROP TABLE items;",
        code: "data-loss",
      },
      { what: "an unknown database", options: { database: "nowhere" }, code: "unknown-database" },
    ])
      test(`nothing is connected after the refusal of ${what}`, async (t) => {
        const it = await bench(t, { ...(users !== undefined && { users }) });
        await query(it.url, "INSERT INTO items VALUES (1)");
        const before = await it.stored();
        const ran = await it.execute(options ?? {}, more);
        assert.equal(ran.failure?.code, code ?? "plan-changed");
        assert.deepEqual(await it.stored(), before);
      });

    test("one that cannot be reached is not connected, and the command that connects it anyway is named", async (t) => {
      const it = await bench(t, { address: (url) => `${url}_elsewhere` });
      const before = await it.stored();
      const ran = await it.execute({});
      assert.equal(ran.failure?.code, "would-be-inconsistent");
      const command = ["metadata", "apply", "dev-3", "--allow-inconsistent"];
      assert.deepEqual(ran.failure.hints.at(-1), runHint(command, "apply it anyway"));
      assert.deepEqual(await it.stored(), before);
    });

    test("nothing is connected if it is of a kind whose migrations cannot run", async (t) => {
      const it = await bench(t, { kind: "mysql8" });
      const before = await it.stored();
      const ran = await it.execute({});
      assert.equal(ran.failure?.code, "unsupported-kind");
      assert.deepEqual(await it.stored(), before);
    });
  });

  test("a rollback names the command that puts back the metadata from before the run", async (t) => {
    const it = await metadataBench(t);
    const before = await it.stored();
    const files = {
      "1_pets/up": "CREATE TABLE pets (id int PRIMARY KEY);",
      "1_pets/down": "DROP TABLE pets;",
    };
    const request = deploying();
    const deployed = await it.run(files, request, {
      ...projectWith(it.document(["pets"])),
      assess,
    });
    assert.equal(failureOf(deployed), undefined);
    const down = await it.run(files, asked("down"));
    assert.equal(failureOf(down), undefined);
    const advice = down.of("log").find(({ code }) => code === "metadata-restore");
    const command = `hasura-migrate metadata restore dev-3 --run ${request.runId}`;
    assert.deepEqual(hintLines(advice?.hints), [command]);
    const restored = await it.run(files, asked("metadata-restore", { run: request.runId }));
    assert.equal(failureOf(restored), undefined);
    assert.deepEqual((await it.stored()).document, before.document);
    const again = await it.run(files, asked("apply"));
    assert.deepEqual(
      again.of("log").filter(({ code }) => code === "metadata-restore"),
      [],
    );
  });
});

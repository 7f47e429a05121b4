import assert from "node:assert/strict";
import { describe, test, type TestContext } from "vitest";
import { HasuraCallError, type Hasura } from "../../../src/engine/hasura/client.ts";
import type { JsonMap } from "../../../src/metadata/document/json.ts";
import { query } from "../../support/postgres.ts";
import { withLedger } from "../support/ledger.ts";
import { warningsOf } from "../support/engine.ts";
import { asked } from "../support/ledger-bench.ts";
import {
  askedToApply,
  metadataBench,
  projectWith,
  type MetadataBench,
} from "../support/metadata-bench.ts";
import type { Ran } from "../support/run.ts";

/** Names of the tables that a document tracks. */
const tablesOf = ({ sources }: JsonMap): string[] =>
  (sources as { tables: { table: { name: string } }[] }[]).flatMap(({ tables }) =>
    tables.map(({ table }) => table.name),
  );

const failureOf = ({ failure }: Ran): string | undefined =>
  failure && `${failure.kind}/${failure.code}`;

/** The same Hasura, and something that happens before a replacement is sent, for the first `times`. */
function beforeReplacing(
  hasura: Hasura,
  happen: () => Promise<void>,
  times = 1,
): { hasura: Hasura } {
  let left = times;
  return {
    hasura: {
      ...hasura,
      replaceMetadata: async (replacement) => {
        left -= 1;
        if (left >= 0) await happen();
        return hasura.replaceMetadata(replacement);
      },
    },
  };
}

const actionWith = (value: string): JsonMap => ({
  name: "charge",
  definition: {
    ...{ kind: "synchronous", handler: "https://pay.example", output_type: "Int", arguments: [] },
    headers: [{ name: "x-key", value }],
  },
});

/** The same with the secret in the address. */
const actionAt = (password: string): JsonMap => ({
  name: "charge",
  definition: {
    ...{ kind: "synchronous", output_type: "Int", arguments: [] },
    handler: `https://ada:${password}@pay.example`,
  },
});

describe("metadata apply", () => {
  test("replaces the server's metadata, and keeps what it was in the ledger", async (t) => {
    const it = await metadataBench(t);
    const before = await it.stored();
    const ran = await it.apply(it.document(["users", "orders"]));
    assert.equal(ran.failure, undefined, ran.failure?.message);
    const after = await it.stored();
    assert.deepEqual(
      [tablesOf(after.document), after.version],
      [["orders", "users"], before.version + 1],
    );
    const [applied] = ran.of("metadata.applied");
    assert.deepEqual(
      [applied?.resourceVersion, applied?.objects, applied?.inconsistent],
      [after.version, 2, { broken: [], before: 0 }],
    );
    assert.deepEqual(await it.kept(), [before.document]);
    assert.deepEqual(await it.recorded(), [
      { number: 1, version_before: before.version, version_after: after.version, inconsistent: [] },
    ]);
    const history = await it.run({}, asked("history"));
    assert.deepEqual(
      history
        .of("history")
        .flatMap(({ runs }) => runs.map(({ operation, outcome }) => [operation, outcome])),
      [["metadata-apply", "finished"]],
    );
  });

  test("sends nothing where nothing differs, in at most six requests one after the other", async (t) => {
    const it = await metadataBench(t);
    await it.apply(it.document(["users"]));
    const before = await it.stored();
    const calls: string[] = [];
    const counted = <T>(name: string, answer: Promise<T>): Promise<T> => {
      calls.push(name);
      return answer;
    };
    const counting: Hasura = {
      ...it.hasura,
      exportMetadata: () => counted("exportMetadata", it.hasura.exportMetadata()),
      inconsistentObjects: () => counted("inconsistentObjects", it.hasura.inconsistentObjects()),
      catalogState: () => counted("catalogState", it.hasura.catalogState()),
      readMetadata: () => counted("readMetadata", it.hasura.readMetadata()),
      runSql: (request) => counted("runSql", it.hasura.runSql(request)),
      replaceMetadata: (replacement) =>
        counted("replaceMetadata", it.hasura.replaceMetadata(replacement)),
    };
    const ran = await it.apply(it.document(["users"]), {}, { hasura: counting });
    assert.equal(ran.failure, undefined, ran.failure?.message);
    assert.deepEqual(ran.of("metadata.applied"), []);
    assert.equal((await it.stored()).version, before.version);
    // The first two are sent at the same time.
    assert.deepEqual(calls.slice(0, 2), ["readMetadata", "catalogState"]);
    assert.ok(!calls.includes("inconsistentObjects"));
    assert.ok(calls.length - 1 <= 6, calls.join(", "));
    assert.equal((await it.recorded()).length, 1);
  });

  test("a dry run shows the differences with their fingerprint, and records nothing", async (t) => {
    const it = await metadataBench(t);
    const before = await it.stored();
    const ran = await it.apply(it.document(["users"]), { dryRun: true });
    const [diff] = ran.of("metadata.diff");
    assert.deepEqual([diff?.dryRun, diff?.changes.length], [true, 1]);
    assert.match(diff?.fingerprint ?? "", /^[0-9a-f]{64}$/);
    assert.deepEqual(await it.stored(), before);
    assert.deepEqual(await query(it.url, "SELECT to_regnamespace('hasura_migrate') AS schema"), [
      { schema: null },
    ]);
  });

  test("does what was shown, and refuses it if it would be something else by then", async (t) => {
    const it = await metadataBench(t);
    const wanted = it.document(["users", "orders"]);
    const fingerprint = async (): Promise<string | undefined> =>
      (await it.apply(wanted, { dryRun: true })).of("metadata.diff")[0]?.fingerprint;
    const shown = await fingerprint();
    await it.write(it.document(["items"]));
    const refused = await it.apply(wanted, { expectedPlan: shown });
    assert.equal(failureOf(refused), "busy/plan-changed");
    assert.deepEqual(tablesOf((await it.stored()).document), ["items"]);
    const ran = await it.apply(wanted, { expectedPlan: await fingerprint() });
    assert.equal(failureOf(ran), undefined);
    assert.deepEqual(tablesOf((await it.stored()).document), ["orders", "users"]);
  });

  test("a secret that has changed since changes the fingerprint, although it is never shown", async (t) => {
    const it = await metadataBench(t);
    await it.write(it.document([], { actions: [actionWith("first-secret")] }));
    const wanted = it.document([], { actions: [actionWith("new-secret")] });
    const shown = (await it.apply(wanted, { dryRun: true })).of("metadata.diff")[0];
    await it.write(it.document([], { actions: [actionWith("second-secret")] }));
    const refused = await it.apply(wanted, { expectedPlan: shown?.fingerprint });
    assert.equal(failureOf(refused), "busy/plan-changed");
    const ran = await it.apply(wanted);
    assert.equal(failureOf(ran), undefined);
    assert.doesNotMatch(JSON.stringify([shown, refused.events, ran.events]), /-secret/);
    assert.match(JSON.stringify(await it.kept()), /second-secret/);
  });

  describe("with another writer", () => {
    const raced = async (
      t: TestContext,
      race: (it: MetadataBench) => { wanted: JsonMap; other: JsonMap; first?: JsonMap },
    ): Promise<{ it: MetadataBench; ran: Ran }> => {
      const it = await metadataBench(t);
      const { wanted, other, first } = race(it);
      if (first) await it.write(first);
      const ran = await it.apply(
        wanted,
        {},
        beforeReplacing(it.hasura, () => it.write(other)),
      );
      return { it, ran };
    };

    test("who has done a part of the same: the rest is done", async (t) => {
      const { it, ran } = await raced(t, (bench) => ({
        wanted: bench.document(["users", "orders"]),
        other: bench.document(["users"]),
      }));
      assert.equal(failureOf(ran), undefined);
      assert.deepEqual(tablesOf((await it.stored()).document), ["orders", "users"]);
      assert.deepEqual((await it.kept()).map(tablesOf), [["users"]]);
      const [shown] = ran.of("log").filter(({ code }) => code === "metadata-changed-meanwhile");
      assert.equal(
        shown?.message,
        "Someone has changed the server's metadata since the differences were shown: default › public.users. This run does not overwrite these changes.",
      );
    });

    test("whose change would be overwritten: nothing is, and the change is shown", async (t) => {
      const { it, ran } = await raced(t, (bench) => ({
        wanted: bench.document(["users", "orders"]),
        other: bench.document(["items"]),
      }));
      assert.equal(failureOf(ran), "busy/metadata-changed");
      assert.deepEqual(
        ran.failure?.metadata?.changes?.map(({ path, change }) => [path.at(-1)?.name, change]),
        [["public.items", "added"]],
      );
      assert.deepEqual(tablesOf((await it.stored()).document), ["items"]);
      assert.deepEqual(await it.recorded(), []);
    });

    for (const [place, action] of [
      ["", actionWith],
      [" in an address", actionAt],
    ] as const)
      test(`whose secret${place} would be overwritten without being shown: it is refused`, async (t) => {
        const { it, ran } = await raced(t, (bench) => ({
          first: bench.document([], { actions: [action("first-secret")] }),
          wanted: bench.document([], { actions: [action("new-secret")] }),
          other: bench.document([], { actions: [action("second-secret")] }),
        }));
        assert.equal(failureOf(ran), "busy/metadata-changed");
        assert.match(JSON.stringify((await it.stored()).document), /second-secret/);
        assert.doesNotMatch(JSON.stringify(ran.events), /-secret/);
      });

    test("after a lost answer: the outcome is not known, and what may have been replaced is kept", async (t) => {
      const it = await metadataBench(t);
      await it.apply(it.document(["users"]));
      const before = await it.stored();
      const [source] = it.document(["users", "orders"])["sources"] as [JsonMap];
      const [users, orders] = source["tables"] as [JsonMap, JsonMap];
      const permission = { role: "user", permission: { columns: ["id"], filter: {} } };
      const tables = [users, { ...orders, select_permissions: [permission] }];
      const losing: Hasura = {
        ...it.hasura,
        replaceMetadata: async (replacement) => {
          await it.hasura.replaceMetadata(replacement);
          // A part of what was applied is undone again.
          await it.write({ version: 3, sources: [{ ...source, tables }] });
          throw new HasuraCallError("unknown", "socket hang up");
        },
      };
      const ran = await it.apply(it.document(["orders", "items"]), {}, { hasura: losing });
      assert.equal(failureOf(ran), "unreachable/metadata-outcome-unknown");
      assert.match(ran.failure?.message ?? "", /someone else has changed the metadata since/);
      assert.ok((ran.failure?.metadata?.changes ?? []).length > 0);
      assert.deepEqual((await it.kept()).at(-1), before.document);
    });

    test("after a lost answer: what is kept is what was there before the request", async (t) => {
      const it = await metadataBench(t);
      const before = await it.stored();
      let requests = 0;
      const losing: Hasura = {
        ...it.hasura,
        replaceMetadata: async (replacement) => {
          requests += 1;
          const warnings = await it.hasura.replaceMetadata(replacement);
          if (requests > 1) return warnings;
          await it.write(it.document(["orders"]));
          throw new HasuraCallError("unknown", "socket hang up");
        },
      };
      const ran = await it.apply(it.document(["users", "orders"]), {}, { hasura: losing });
      assert.deepEqual([failureOf(ran), requests], [undefined, 2]);
      assert.deepEqual(await it.kept(), [before.document]);
    });

    test("who never stops: the run gives up", async (t) => {
      const it = await metadataBench(t);
      const same = it.document([]);
      const ran = await it.apply(
        it.document(["users"]),
        {},
        beforeReplacing(it.hasura, () => it.write(same), Infinity),
      );
      assert.equal(failureOf(ran), "busy/metadata-changed");
      assert.deepEqual(tablesOf((await it.stored()).document), []);
    });
  });

  describe("that would be inconsistent", () => {
    test("changes nothing, and names the objects with their reasons", async (t) => {
      const it = await metadataBench(t);
      const before = await it.stored();
      const ran = await it.apply(it.document(["users", "missing"]));
      assert.equal(failureOf(ran), "metadata/would-be-inconsistent");
      const { inconsistent = [], notShown } = ran.failure?.metadata ?? {};
      assert.deepEqual(
        [inconsistent.map(({ type, name, at }) => ({ type, name, at })), notShown],
        [
          [
            {
              type: "table",
              name: "table missing in source default",
              at: ["sources", 0, "tables", 1],
            },
          ],
          0,
        ],
      );
      assert.match(inconsistent[0]?.reason ?? "", /missing/);
      assert.deepEqual(await it.stored(), before);
      assert.deepEqual(await it.recorded(), []);
    });

    test("lists up to 500 objects, and counts the rest", async (t) => {
      const it = await metadataBench(t);
      const names = Array.from({ length: 503 }, (_, i) => `missing_${i}`);
      const { failure } = await it.apply(it.document(names));
      assert.deepEqual(
        [failure?.metadata?.inconsistent?.length, failure?.metadata?.notShown],
        [500, 3],
      );
      assert.ok(
        failure?.hints.some((hint) => hint.kind === "retry" && hint.with.includes("--json")),
      );
    });

    test("is applied with a warning if that is allowed", async (t) => {
      const it = await metadataBench(t);
      const ran = await it.apply(it.document(["missing"]), { allowInconsistent: true });
      assert.equal(failureOf(ran), undefined);
      const [applied] = ran.of("metadata.applied");
      assert.deepEqual(
        applied?.inconsistent.broken.map(({ name }) => name),
        ["table missing in source default"],
      );
      assert.deepEqual((await it.recorded())[0]?.["inconsistent"], [
        { type: "table", name: "table missing in source default" },
      ]);
    });

    test("is applied if the same objects were inconsistent before", async (t) => {
      const it = await metadataBench(t);
      await it.write(it.document(["missing"]));
      const ran = await it.apply(it.document(["missing", "users"]));
      assert.equal(failureOf(ran), undefined);
      assert.deepEqual(ran.of("metadata.applied")[0]?.inconsistent, { broken: [], before: 1 });
    });

    test("is refused for one that became inconsistent before a conflict", async (t) => {
      const it = await metadataBench(t);
      await it.write(it.document(["missing"]));
      let requests = 0;
      const raced: Hasura = {
        ...it.hasura,
        replaceMetadata: async (replacement) => {
          requests += 1;
          if (requests === 2) {
            await query(it.url, "DROP TABLE orders");
            await it.write(it.document(["missing", "users"]));
          }
          return it.hasura.replaceMetadata(replacement);
        },
      };
      const wanted = it.document(["missing", "users", "orders"]);
      const ran = await it.apply(wanted, {}, { hasura: raced });
      assert.deepEqual(
        [failureOf(ran), ran.failure?.metadata?.inconsistent?.map(({ name }) => name)],
        ["metadata/would-be-inconsistent", ["table orders in source default"]],
      );
      assert.deepEqual(tablesOf((await it.stored()).document), ["missing", "users"]);
    });

    test("is refused for those that were not inconsistent before, and lists only them", async (t) => {
      const it = await metadataBench(t);
      const before = Array.from({ length: 12 }, (_, i) => `lost_${i}`);
      await it.write(it.document(before));
      const { failure } = await it.apply(it.document([...before, "missing"]));
      assert.match(failure?.message ?? "", /^1 object .*; the metadata was not replaced\.$/);
      assert.deepEqual(
        [failure?.metadata?.inconsistent?.map(({ name }) => name), failure?.metadata?.notShown],
        [["table missing in source default"], 0],
      );
    });

    test("names the variables in the address of a webhook", async (t) => {
      const it = await metadataBench(t);
      const action = actionWith("{{PAY_KEY}}");
      const handler = "{{PAY_URL}}/charge/{{$body.input.id}}";
      const definition = { ...(action["definition"] as JsonMap), handler };
      const { failure } = await it.apply({
        ...it.document([]),
        actions: [{ ...action, definition }],
      });
      assert.equal(failure?.code, "would-be-inconsistent");
      const [hint] = failure.hints;
      assert.ok(hint?.kind === "text" && /Hasura server: PAY_URL, PAY_KEY\. /.test(hint.text));
    });

    test("names the variables that the server may lack, and where they are set", async (t) => {
      const it = await metadataBench(t);
      const other = {
        name: "billing",
        kind: "postgres",
        configuration: { connection_info: { database_url: { from_env: "BILLING_URL" } } },
        tables: [],
      };
      const { sources } = it.document([]) as { sources: JsonMap[] };
      const { failure } = await it.apply({ version: 3, sources: [...sources, other] });
      assert.equal(failure?.code, "would-be-inconsistent");
      const [hint] = failure.hints;
      assert.ok(hint?.kind === "text");
      assert.match(
        hint.text,
        /Hasura server: BILLING_URL\. .* where Hasura runs\. The server of hasura-migrate local takes those of webhooks and handlers from the command that starts it, and has none for databases/,
      );
    });
  });

  test("of another form than Hasura's is refused, with the path", async (t) => {
    const it = await metadataBench(t);
    const ran = await it.apply({ version: 3, sources: [{ kind: "postgres", tables: [] }] });
    assert.equal(failureOf(ran), "metadata/metadata-refused");
    assert.match(ran.failure?.message ?? "", /\$\.args\.metadata\.sources\[0\]/);
    assert.deepEqual(ran.failure?.metadata?.refused?.at, ["sources", 0]);
  });

  describe("of config version 2", () => {
    const project: JsonMap = {
      version: 2,
      tables: [{ table: { schema: "public", name: "users" } }],
      functions: [],
    };

    test("keeps the server's connection", async (t) => {
      const it = await metadataBench(t);
      const { sources: before } = (await it.stored()).document;
      const ran = await it.run({}, askedToApply(), projectWith(project, 2));
      assert.equal(failureOf(ran), undefined);
      const { sources } = (await it.stored()).document;
      const connections = (of: unknown): unknown =>
        (of as { configuration: unknown }[]).map(({ configuration }) => configuration);
      assert.deepEqual(connections(sources), connections(before));
      assert.deepEqual(tablesOf((await it.stored()).document), ["users"]);
    });

    test("is refused where it would remove another database", async (t) => {
      const it = await metadataBench(t);
      const { sources } = it.document([]) as { sources: JsonMap[] };
      await it.write({ version: 3, sources: [...sources, { ...sources[0], name: "billing" }] });
      const ran = await it.run({}, askedToApply(), projectWith(project, 2));
      assert.equal(failureOf(ran), "usage/config-too-old");
      assert.match(ran.failure?.message ?? "", /remove billing/);
    });
  });

  test("connects the first database of a server that has none, without a ledger", async (t) => {
    const it = await metadataBench(t);
    const wanted = it.document(["users"]);
    await it.write({ version: 3, sources: [] });
    const ran = await it.apply(wanted);
    assert.equal(failureOf(ran), undefined);
    assert.deepEqual(tablesOf((await it.stored()).document), ["users"]);
    assert.ok(ran.of("log").some(({ code }) => code === "no-ledger"));
  });

  test("repairs the connection of the database that has the ledger, without a record", async (t) => {
    const it = await metadataBench(t);
    const shop = (database_url: string | JsonMap): JsonMap => ({
      version: 3,
      sources: [
        {
          ...{ name: "shop", kind: "postgres", tables: [] },
          configuration: { connection_info: { database_url } },
        },
      ],
    });
    await it.write(shop(it.url));
    await it.apply({ ...shop(it.url), query_collections: [] });
    await it.write(shop({ from_env: "NOT_SET" }));
    const status = await it.run({}, asked("metadata-status"));
    assert.deepEqual(
      status.of("metadata.status").flatMap((each) => each.inconsistent.map(({ name }) => name)),
      ["source shop"],
    );
    const ran = await it.apply(shop(it.url));
    assert.equal(failureOf(ran), undefined, ran.failure?.message);
    assert.equal(ran.of("metadata.applied").length, 1);
    assert.match(
      warningsOf(ran.events).join("\n"),
      /no-ledger: Hasura cannot connect to shop at the moment/,
    );
    assert.deepEqual((await it.hasura.readMetadata()).inconsistent, []);
  });

  test("warns of keys that this Hasura does not know", async (t) => {
    const it = await metadataBench(t);
    const forgetful: Hasura = {
      ...it.hasura,
      readMetadata: async () => {
        const read = await it.hasura.readMetadata();
        const known = Object.entries(read.document).filter(([key]) => key !== "future");
        return { ...read, document: Object.fromEntries(known) };
      },
    };
    const wanted = it.document(["users"], { future: { on: true } });
    const ran = await it.apply(wanted, {}, { hasura: forgetful });
    assert.equal(failureOf(ran), undefined);
    assert.deepEqual(warningsOf(ran.events), [
      "metadata-key-unknown: This version of Hasura does not recognise these keys and ignored them: future.",
    ]);
  });

  test("keeps no document if that is switched off, but records the replacement", async (t) => {
    const it = await metadataBench(t);
    await it.apply(it.document(["users"]), {}, withLedger({ keepsMetadata: false }));
    assert.deepEqual([await it.kept(), (await it.recorded()).length], [[], 1]);
  });

  test("keeps the last fifty documents", async (t) => {
    const it = await metadataBench(t);
    await it.apply(it.document(["users"]));
    await query(
      it.url,
      `WITH old AS (
         INSERT INTO hasura_migrate.metadata_change (run, number, at, checksum_before)
         SELECT 'old', n, now() - n * interval '1 day', n::text FROM generate_series(1, 60) AS n
         RETURNING checksum_before
       )
       INSERT INTO hasura_migrate.metadata_document SELECT checksum_before, '' FROM old`,
    );
    await it.apply(it.document(["orders"]));
    const left = await query(
      it.url,
      `SELECT (SELECT count(*)::int FROM hasura_migrate.metadata_document) AS documents, count(*)::int AS records,
         min(at) > now() - interval '49 days' AS are_newest FROM hasura_migrate.metadata_change`,
    );
    assert.deepEqual(left, [{ documents: 50, records: 50, are_newest: true }]);
  });

  test("is stopped before the request, and leaves nothing", async (t) => {
    const it = await metadataBench(t);
    await it.apply(it.document(["users"]));
    const before = await it.stored();
    const stop = new AbortController();
    const ran = await it.apply(
      it.document(["orders"]),
      {},
      {
        stop: stop.signal,
        emit: (event) => {
          if (event.type === "metadata.diff") stop.abort();
        },
      },
    );
    assert.deepEqual(
      ran.of("run.finished").map(({ cancelled }) => cancelled),
      [true],
    );
    assert.deepEqual(await it.stored(), before);
    assert.equal((await it.recorded()).length, 1);
  });

  test("waits for another run", async (t) => {
    const it = await metadataBench(t);
    await it.apply(it.document(["users"]));
    await query(
      it.url,
      `INSERT INTO hasura_migrate.run (id, operation, actor, request_id, options) VALUES ('other', 'apply', '{"user":"bob","host":"ci"}', 'r', '{}')`,
    );
    const ran = await it.apply(it.document(["orders"]), {}, withLedger({ waitMs: 0 }));
    assert.equal(failureOf(ran), "busy/another-run");
    assert.deepEqual(tablesOf((await it.stored()).document), ["users"]);
  });
});

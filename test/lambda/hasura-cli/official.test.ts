import assert from "node:assert/strict";
import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, test, type TestContext } from "vitest";
import * as z from "zod";
import { hasuraOverHttp } from "../../../src/lambda/hasura/hasura-http.ts";
import { hasuraCli } from "../../../src/lambda/hasura-cli/hasura-cli.ts";
import { makeWorkspace } from "../../../src/lambda/hasura-cli/workspace.ts";
import type { Failure } from "../../../src/protocol/failure.ts";
import { projectOnDisk } from "../../engine/support/run.ts";
import { startTestApi, type TestApi } from "../../support/hasura-api.ts";
import { freshDirectory, query } from "../../support/postgres.ts";
import { summaryOf, warnings } from "../support/cli-world.ts";
import { invoke, worldFrom } from "../support/invoke.ts";
import { request } from "../support/request.ts";
import { behindTls } from "../support/tls-front.ts";
import { authority } from "../support/private-authority.ts";

const binary = process.env["HASURA_CLI_BINARY"] ?? "";
const skip = binary === "" ? "HASURA_CLI_BINARY does not name the official Hasura CLI" : false;

const files = {
  "config.yaml": "version: 3\n",
  "migrations/default/1_users/up.sql": "create table users (id int);",
  "migrations/default/1_users/down.sql": "drop table users;",
  "migrations/default/2_shops/up.sql": "create table shops (id int);",
  "migrations/default/2_shops/down.sql": "drop table shops;",
  "migrations/default/3_index/up.sql":
    "-- hasura:no-transaction\ncreate index concurrently shops_id on shops (id);\n",
};

interface Given {
  readonly files?: Record<string, string>;
  readonly more?: Parameters<typeof worldFrom>[1];
}

/** The tables that the server's metadata has, by name. */
async function trackedTables({ url, adminSecret }: TestApi): Promise<string[]> {
  const hasura = hasuraOverHttp({
    endpoint: url,
    adminSecret: () => Promise.resolve(adminSecret),
  });
  try {
    const { document } = await hasura.readMetadata();
    return TrackedTables.parse(document)
      .sources.flatMap(({ tables }) => tables.map(({ table }) => table.name))
      .sort();
  } finally {
    hasura.close();
  }
}

const TrackedTables = z.object({
  sources: z.array(
    z.object({ tables: z.array(z.object({ table: z.object({ name: z.string() }) })) }),
  ),
});

/** A function with the official CLI, a Hasura API and a real database. */
async function scene(t: TestContext, given: Given = {}) {
  const api = await startTestApi(t);
  const [directory, temporary] = [
    await projectOnDisk(t, given.files ?? files),
    await freshDirectory(t),
  ];
  const bin = await freshDirectory(t);
  await symlink(binary, join(bin, "hasura"));
  const env = {
    HASURA_MIGRATE_ENVIRONMENT: "dev-3",
    HASURA_MIGRATE_ENDPOINT: api.url,
    HASURA_MIGRATE_ADMIN_SECRET: api.adminSecret,
    HASURA_MIGRATE_DIRECTORY: directory,
    HASURA_MIGRATE_ENGINE: "hasura-cli",
  };
  const cliWorld = { directories: [bin], environment: {}, temporaryDirectory: temporary };
  const run = async (operation: Parameters<typeof request>[0], options: object = {}) =>
    (
      await invoke(
        worldFrom(env, { hasuraCli: cliWorld, ...given.more }),
        request(operation, { options }),
      )
    ).events.filter((it) => it.type !== "unknown");
  return { api, run, directory };
}

/** Metadata that tracks these tables. */
const metadataFiles = (...tables: string[]): Record<string, string> => ({
  "metadata/version.yaml": "version: 3\n",
  "metadata/databases/databases.yaml": `- name: default
  kind: postgres
  configuration:
    connection_info:
      database_url:
        from_env: HASURA_GRAPHQL_DATABASE_URL
  tables:
${tables.map((name) => `    - table: { schema: public, name: ${name} }\n`).join("")}`,
});

describe("official", () => {
  test("the official CLI replaces and reloads the metadata, and refuses inconsistent metadata", async (t) => {
    if (skip !== false) t.skip(skip);

    const { api, run, directory } = await scene(t, {
      files: { ...files, ...metadataFiles("users", "shops") },
    });
    await run("apply");
    const applied = await run("metadata-apply");
    assert.deepEqual(summaryOf(applied), ["run.finished 0"], JSON.stringify(applied.at(-1)));
    assert.deepEqual(await trackedTables(api), ["shops", "users"]);
    const again = await run("metadata-apply");
    assert.deepEqual(
      again.filter(({ type }) => type === "metadata.applied"),
      [],
    );

    await writeFile(
      join(directory, "metadata/databases/databases.yaml"),
      metadataFiles("users", "missing")["metadata/databases/databases.yaml"] ?? "",
    );
    const refused = await run("metadata-apply");
    const end = refused.at(-1);
    assert.ok(end?.type === "run.failed");
    assert.equal(end.failure.code, "would-be-inconsistent");
    assert.match(end.failure.metadata?.inconsistent?.[0]?.name ?? "", /missing/);
    assert.deepEqual(await trackedTables(api), ["shops", "users"]);

    await query(api.databaseUrl, "drop table shops");
    const reloaded = await run("metadata-reload");
    assert.deepEqual(
      reloaded.flatMap((event) =>
        event.type === "metadata.status" ? event.inconsistent.map(({ name }) => name) : [],
      ),
      ["table shops in source default"],
    );
  });

  test("the official CLI applies, rolls back, marks and reports a status, and the schema matches the files", async (t) => {
    if (skip !== false) t.skip(skip);

    const { api, run } = await scene(t);
    const tables = async () =>
      (
        await query(
          api.databaseUrl,
          "select relname from pg_class where relnamespace = 'public'::regnamespace order by 1",
        )
      ).map((row) => row["relname"]);
    const applied = async () =>
      (
        await query(
          api.databaseUrl,
          "select cli_state->'migrations'->'default' as m from hdb_catalog.hdb_version",
        )
      )[0]?.["m"];

    const events = await run("apply");
    assert.deepEqual(warnings(events), ["hasura-cli-engine"]);
    assert.equal(summaryOf(events).at(-1), "run.finished 3");
    assert.deepEqual(await tables(), ["shops", "shops_id", "users"]);
    assert.equal(
      summaryOf(await run("mark", { versions: ["3"], as: "pending" })).at(-1),
      "run.finished 0",
    );
    assert.deepEqual(summaryOf(await run("down")), [
      "migration.started 2",
      "migration.applied 2",
      "run.finished 1",
    ]);
    assert.deepEqual([await tables(), await applied()], [["users"], { "1": false }]);
    await run("mark", { versions: ["2"], as: "applied" });
    assert.deepEqual([await tables(), await applied()], [["users"], { "1": false, "2": false }]);
    const failed = (await run("apply")).at(-1);
    assert(failed?.type === "run.failed");
    assert.deepEqual([failed.failure.code, failed.failure.sql?.sqlstate], ["sql-failed", "42P01"]);
    const status = await run("status");
    assert.deepEqual(warnings(status), ["hasura-cli-engine"]);
    const rows = status.flatMap((event) =>
      event.type === "status" ? event.databases.flatMap((it) => it.migrations) : [],
    );
    assert.deepEqual(
      rows.map(({ state }) => state),
      ["applied", "applied", "pending"],
    );
  });

  test("the official CLI runs each seed in a transaction, and a failure has its place", async (t) => {
    if (skip !== false) t.skip(skip);

    const { api, run } = await scene(t, {
      files: {
        ...files,
        "seeds/default/1_users.sql": "insert into users values (1);",
        "seeds/default/2_bad/x.sql": "insert into users values (2);\ninsert into gone values (1);",
      },
    });
    await run("apply");
    const end = (await run("seed", { again: true })).at(-1);
    assert(end?.type === "run.failed");
    const { code, sql } = end.failure;
    assert.deepEqual([code, sql?.sqlstate, sql?.place?.line], ["sql-failed", "42P01", 2]);
    assert.equal(sql?.file, "seeds/default/2_bad/x.sql");
    assert.deepEqual(await query(api.databaseUrl, "select id from users"), [{ id: 1 }]);
  });

  test("a dirty version is marked, and a roll-back without its file is refused before anything runs", async (t) => {
    if (skip !== false) t.skip(skip);

    const { api, run } = await scene(t);
    await run("apply");
    await query(
      api.databaseUrl,
      `update hdb_catalog.hdb_version set cli_state = jsonb_set(cli_state::jsonb, '{migrations,default,3}', 'true')`,
    );
    assert.equal(summaryOf(await run("apply")).at(-1), "run.failed migration/dirty");
    assert.deepEqual(summaryOf(await run("mark", { versions: ["3"], as: "applied" })), [
      "migration.marked 3",
      "run.finished 0",
    ]);
    assert.equal(summaryOf(await run("apply")).at(-1), "run.finished 0");
    assert.equal(summaryOf(await run("down")).at(-1), "run.failed usage/no-down-file");
  });

  test("a project with config version 2 keeps its record in the database", async (t) => {
    if (skip !== false) t.skip(skip);

    const { api, run } = await scene(t, {
      files: {
        "config.yaml": "version: 2\n",
        "migrations/1_users/up.sql": "create table users (id int);",
        "migrations/1_users/down.sql": "drop table users;",
      },
    });
    assert.equal(summaryOf(await run("apply")).at(-1), "run.finished 1");
    assert.deepEqual(
      await query(api.databaseUrl, "select version::int from hdb_catalog.schema_migrations"),
      [{ version: 1 }],
    );
    assert.equal(summaryOf(await run("status")).at(-1), "run.finished 0");
    assert.equal(summaryOf(await run("down")).at(-1), "run.finished 1");
    assert.deepEqual(
      await query(api.databaseUrl, "select version from hdb_catalog.schema_migrations"),
      [],
    );
  });

  test("a large file that fails is reported with the database's message", async (t) => {
    if (skip !== false) t.skip(skip);

    const sql = `insert into nowhere values\n${Array.from({ length: 50_000 }, (_, i) => `  (${String(i)}, 'a "quoted" <value> & more')`).join(",\n")};\n`;
    const { run } = await scene(t, {
      files: { "config.yaml": "version: 3\n", "migrations/default/1_big/up.sql": sql },
    });
    const last = (await run("apply")).at(-1);
    assert(last?.type === "run.failed");
    assert.deepEqual(
      [last.failure.sql?.sqlstate, last.failure.sql?.message],
      ["42P01", 'relation "nowhere" does not exist'],
    );
  });

  test("the binary is ended when time is up, and the outcome of its migration stays open", async (t) => {
    if (skip !== false) t.skip(skip);

    const slow = {
      "config.yaml": "version: 3\n",
      "migrations/default/1_slow/up.sql": "select pg_sleep(60);",
    };
    let asleep: () => Promise<boolean> = async () => false;
    const { api, run } = await scene(t, {
      files: slow,
      more: {
        sleep: async (ms, signal) => {
          // The binary's own 880 s are over when the database sleeps.
          if (ms > 870_000 && ms <= 880_000)
            while (!(await asleep())) await delay(20, undefined, signal && { signal });
          else await delay(ms, undefined, signal && { signal });
        },
      },
    });
    const count = `select 1 from pg_stat_activity where datname = current_database() and query = 'select pg_sleep(60);' and state = 'active'`;
    asleep = async () => (await query(api.databaseUrl, count)).length > 0;
    const events = await run("apply");
    assert.deepEqual(summaryOf(events), [
      "migration.started 1",
      "migration.unknown 1",
      "run.failed unreachable/outcome-unknown",
    ]);
    // As the message says: it may still be running.
    assert.equal(await asleep(), true);
    await query(
      api.databaseUrl,
      "select pg_cancel_backend(pid) from pg_stat_activity where query = 'select pg_sleep(60);'",
    );
  });

  test("two concurrent runs apply everything once, or report what they do not know", async (t) => {
    if (skip !== false) t.skip(skip);

    const names = ["1_a", "2_b", "3_c", "4_d", "5_e"];
    const project = Object.fromEntries(
      names.map((name) => [
        `migrations/default/${name}/up.sql`,
        `create table t_${name} (id int);`,
      ]),
    );
    const { api, run } = await scene(t, { files: { "config.yaml": "version: 3\n", ...project } });
    await Promise.all([run("apply"), run("apply")]);
    const ends = summaryOf(await run("apply"));
    const { n } =
      (
        await query(
          api.databaseUrl,
          "select count(*)::int as n from pg_tables where schemaname = 'public'",
        )
      )[0] ?? {};
    // Without the ledger a version may be recorded late; one that ran is then refused by its own SQL, and never run twice.
    assert(
      ends.at(-1)?.startsWith("run.finished")
        ? n === 5
        : ends.at(-1) === "run.failed migration/sql-failed",
      `${ends.join()} ${String(n)}`,
    );
  });

  test("a private authority is trusted if the environment names it, otherwise it is named as the reason", async (t) => {
    if (skip !== false) t.skip(skip);

    const api = await startTestApi(t);
    const certificate = join(await freshDirectory(t), "authority.pem");
    await writeFile(certificate, authority.certificate);
    const endpoint = new URL(await behindTls(t, api.url));
    const workspace = await makeWorkspace(await freshDirectory(t));
    const adminSecret = { get: async () => api.adminSecret, renew: async () => api.adminSecret };
    const deps = {
      sleep: async (ms: number, signal?: AbortSignal) => delay(ms, undefined, signal && { signal }),
      remainingMs: () => 60_000,
      emit: () => undefined,
    };
    const status = (environment: Record<string, string>) =>
      hasuraCli({
        binary,
        endpoint,
        adminSecret,
        environment,
        workspace,
        redact: (text) => text,
        engine: deps,
      }).status({
        configVersion: 3,
        database: "default",
        files: [],
      });
    assert.match(await status({ HASURA_GRAPHQL_CERTIFICATE_AUTHORITY: certificate }), /VERSION/);
    await assert.rejects(status({}), (error: Failure) => error.code === "tls-unknown-authority");
  });
});

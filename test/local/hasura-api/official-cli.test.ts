import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { test, type TestContext } from "vitest";
import { startTestApi } from "../../support/hasura-api.ts";
import { freshDirectory, query } from "../../support/postgres.ts";

const binary = process.env["HASURA_CLI_BINARY"] ?? "";
const skip = binary === "" ? "HASURA_CLI_BINARY does not name the official Hasura CLI" : false;
/** The CLI's helper for the SDL of actions, which a CLI built from its source does not contain. */
const helper = process.env["HASURA_CLI_EXT"];
const run = promisify(execFile);

async function write(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

/** Runs the CLI in a project, and returns what it prints. */
async function cli(t: TestContext, project: string): Promise<(line: string) => Promise<string>> {
  const env = { PATH: process.env["PATH"] ?? "", HOME: await freshDirectory(t) };
  const withHelper = helper === undefined ? [] : ["--cli-ext-path", helper];
  return async (line) => {
    const { stdout, stderr } = await run(
      binary,
      [...line.split(" "), "--skip-update-check", "--project", project, ...withHelper],
      { env, cwd: project },
    );
    return stdout + stderr;
  };
}

test("the official CLI migrates, seeds, and applies metadata against the API", async (t) => {
  if (skip !== false) t.skip(skip);

  const api = await startTestApi(t);
  const project = await freshDirectory(t);
  await write(project, {
    "config.yaml": `version: 3\nendpoint: ${api.url}\nadmin_secret: test-admin-secret\n`,
    "migrations/default/1_users/up.sql": "create table users(id int primary key);",
    "migrations/default/1_users/down.sql": "drop table users;",
    "migrations/default/2_index/up.sql": "create index users_id on users(id);",
    "migrations/default/2_index/down.sql": "drop index users_id;",
    "seeds/default/users.sql": "insert into users select generate_series(1, 3);",
    "metadata/version.yaml": "version: 3\n",
    "metadata/databases/databases.yaml":
      "- name: default\n  kind: postgres\n  configuration: {}\n  tables:\n    - table: {name: users, schema: public}\n",
  });
  const hasura = await cli(t, project);
  const applied = async (): Promise<unknown> =>
    (
      await query(
        api.databaseUrl,
        "select cli_state->'migrations' as m from hdb_catalog.hdb_version",
      )
    )[0]?.["m"];

  assert.match(await hasura("migrate apply --database-name default"), /migrations applied/);
  assert.deepEqual(await applied(), { default: { "1": false, "2": false } });
  assert.match(
    await hasura("migrate status --database-name default"),
    /2\s+index\s+Present\s+Present/,
  );
  assert.match(
    await hasura("migrate apply --database-name default --down 1"),
    /migrations applied/,
  );
  assert.deepEqual(await applied(), { default: { "1": false } });
  assert.match(
    await hasura("migrate apply --all-databases"),
    /migrations applied on database: default/,
  );
  assert.match(await hasura("seed apply --database-name default"), /Seeds planted/);
  assert.deepEqual(await query(api.databaseUrl, "select count(*)::int as n from users"), [
    { n: 3 },
  ]);
  assert.match(await hasura("metadata apply"), /Metadata applied/);
  assert.match(await hasura("metadata reload"), /Metadata is consistent/);
  assert.match(await hasura("metadata inconsistency list"), /metadata is consistent/);
  assert.match(await hasura("metadata export -o json"), /"name":\s*"users"/);
  await query(api.databaseUrl, "drop table users");
  assert.match(await hasura("metadata reload"), /Metadata is inconsistent/);
  assert.match(await hasura("metadata inconsistency list"), /users\s+table\s.*no such/);
  await assert.rejects(hasura("metadata inconsistency status"), /metadata is inconsistent/);
  await assert.rejects(hasura("migrate apply --database-name other"), /database not found/);
  assert.match(await readFile(join(project, "config.yaml"), "utf8"), /version: 3/);
});

test("the official CLI deploys, exports without a difference, and drops what is inconsistent", async (t) => {
  if (skip !== false) t.skip(skip);

  const api = await startTestApi(t);
  const project = await freshDirectory(t);
  await write(project, {
    "config.yaml": `version: 3\nendpoint: ${api.url}\nadmin_secret: test-admin-secret\n`,
    "migrations/default/1_shop/up.sql":
      "create table users(id int primary key, name text); create table orders(id int primary key, user_id int references users);",
    "migrations/default/1_shop/down.sql": "drop table orders; drop table users;",
    "seeds/default/users.sql": "insert into users select i, 'u' from generate_series(1, 3) i;",
    "metadata/version.yaml": "version: 3\n",
    "metadata/databases/databases.yaml":
      '- name: default\n  kind: postgres\n  configuration: {}\n  tables: "!include default/tables/tables.yaml"\n',
    "metadata/databases/default/tables/tables.yaml":
      '- "!include public_orders.yaml"\n- "!include public_users.yaml"\n',
    "metadata/databases/default/tables/public_orders.yaml":
      "table:\n  name: orders\n  schema: public\nobject_relationships:\n  - name: user\n    using:\n      foreign_key_constraint_on: user_id\nselect_permissions:\n  - role: user\n    permission:\n      columns:\n        - id\n      filter:\n        user:\n          name:\n            _eq: X-Hasura-Name\n",
    "metadata/databases/default/tables/public_users.yaml":
      "table:\n  name: users\n  schema: public\n",
  });
  const hasura = await cli(t, project);
  await hasura("deploy --with-seeds");
  assert.deepEqual(await query(api.databaseUrl, "select count(*)::int as n from users"), [
    { n: 3 },
  ]);
  assert.match(await hasura("metadata inconsistency list"), /metadata is consistent/);
  const file = join(project, "metadata/databases/default/tables/public_orders.yaml");
  const before = await readFile(file, "utf8");
  await hasura("metadata export");
  assert.equal(await readFile(file, "utf8"), before);
  assert.doesNotMatch(await hasura("metadata diff"), /^\s*[-+]/m);
  await query(api.databaseUrl, "alter table users drop column name");
  assert.match(await hasura("metadata reload"), /Metadata is inconsistent/);
  assert.match(await hasura("metadata inconsistency list"), /select_permission/);
  await hasura("metadata inconsistency drop");
  assert.match(await hasura("metadata inconsistency status"), /metadata is consistent/);
  await hasura("metadata export");
  assert.doesNotMatch(await readFile(file, "utf8"), /select_permissions/);
});

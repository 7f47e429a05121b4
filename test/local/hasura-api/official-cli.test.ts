import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { test } from "vitest";
import { startTestApi } from "../../support/hasura-api.ts";
import { freshDirectory, query } from "../../support/postgres.ts";

const binary = process.env["HASURA_CLI_BINARY"] ?? "";
const skip = binary === "" ? "HASURA_CLI_BINARY does not name the official Hasura CLI" : false;
const run = promisify(execFile);

async function write(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

test("the official CLI migrates, seeds, and applies metadata against the API", async (t) => {
  if (skip !== false) t.skip(skip);

  const api = await startTestApi(t);
  const project = await freshDirectory(t);
  await write(project, {
    "config.yaml": `version: 3\nendpoint: ${api.url}\nadmin_secret: secret\n`,
    "migrations/default/1_users/up.sql": "create table users(id int primary key);",
    "migrations/default/1_users/down.sql": "drop table users;",
    "migrations/default/2_index/up.sql": "create index users_id on users(id);",
    "migrations/default/2_index/down.sql": "drop index users_id;",
    "seeds/default/users.sql": "insert into users select generate_series(1, 3);",
    "metadata/version.yaml": "version: 3\n",
    "metadata/databases/databases.yaml":
      "- name: default\n  kind: postgres\n  configuration: {}\n  tables:\n    - table: {name: users, schema: public}\n",
  });
  const env = { PATH: process.env["PATH"] ?? "", HOME: await freshDirectory(t) };
  const hasura = async (line: string): Promise<string> => {
    const { stdout, stderr } = await run(
      binary,
      [...line.split(" "), "--skip-update-check", "--project", project],
      { env, cwd: project },
    );
    return stdout + stderr;
  };
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
  assert.match(await hasura("metadata inconsistency list"), /users\s+table\s.*no such/);
  await assert.rejects(hasura("metadata inconsistency status"), /metadata is inconsistent/);
  await assert.rejects(hasura("migrate apply --database-name other"), /database not found/);
  assert.match(await readFile(join(project, "config.yaml"), "utf8"), /version: 3/);
});

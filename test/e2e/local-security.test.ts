import assert from "node:assert/strict";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, test } from "vitest";
import { freshDirectory, query } from "../support/postgres.ts";
import { run, start } from "./support/cli.ts";
import { project } from "./support/environment.ts";

const table = { "1700000000000_users": { up: "create table users (id int primary key);" } };

/** What a server answers to a request with exactly these headers. */
function ask(
  address: string,
  headers: Record<string, string>,
  body: string,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(address, { method: "POST", headers }, (answer) => {
      let text = "";
      answer
        .setEncoding("utf8")
        .on("data", (more: string) => (text += more))
        .on("end", () => resolve({ status: answer.statusCode ?? 0, body: text }));
    });
    outgoing.on("error", reject).end(body);
  });
}

/** Two ports that nothing uses at the moment. */
async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()] as const;
  const ports = servers.map(async (server) => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  });
  const [first = 0, second = 0] = await Promise.all(ports);
  for (const server of servers) server.close();
  return [first, second];
}

interface Serving {
  readonly lambdaUrl: string;
  readonly accessKeyId: string;
  readonly hasuraUrl: string;
  readonly adminSecret: string;
  readonly databaseUrl: string;
}

describe("security of the local environment", () => {
  test("only programs that know the access key and the admin secret are served, at the ports that were chosen", async (t) => {
    const [port, lambdaPort] = await freePorts();
    const ports = ["--port", String(port), "--lambda-port", String(lambdaPort)];
    const cwd = await project(t, table);
    const running = await start(t, ["local", "--serve", "--json", ...ports], { cwd });
    await running.shows(/\n/);
    const serving = JSON.parse(running.stdout) as Serving;
    assert.deepEqual(
      [serving.hasuraUrl, serving.lambdaUrl],
      [`http://127.0.0.1:${port}`, `http://127.0.0.1:${lambdaPort}`],
    );

    const key = (id: string): string =>
      `AWS4-HMAC-SHA256 Credential=${id}/20261126/eu-west-1/lambda/aws4_request, SignedHeaders=host, Signature=00`;
    const invocation = `${serving.lambdaUrl}/2015-03-31/functions/f/invocations`;
    const status = JSON.stringify({
      ...{ contract: 1, runId: "019a7e0c-0000-7000-8000-000000000001", environment: "dev-1" },
      ...{ actor: { user: "a", host: "b" }, operation: "status", options: {} },
    });
    const invoke = (headers: Record<string, string>) => ask(invocation, headers, status);
    const good = { authorization: key(serving.accessKeyId) };
    assert.equal((await invoke(good)).status, 200);
    assert.equal((await invoke({ ...good, host: `localhost:${lambdaPort}` })).status, 200);
    for (const bad of [
      {},
      { authorization: key("AKIAIOSFODNN7EXAMPLE") },
      { authorization: key(`${serving.accessKeyId}x`) },
      { authorization: `Bearer ${serving.accessKeyId}` },
      { ...good, host: "rebind.evil.example" },
      { ...good, host: `127.0.0.1.evil.example:${lambdaPort}` },
      { ...good, origin: "https://evil.example" },
      { ...good, origin: "null" },
      { ...good, "sec-fetch-site": "cross-site" },
      { ...good, "sec-fetch-site": "same-origin" },
    ])
      assert.equal((await invoke(bad)).status, 403, JSON.stringify(bad));

    const sql = JSON.stringify({ type: "run_sql", args: { sql: "select 1" } });
    const secret = { "x-hasura-admin-secret": serving.adminSecret };
    const runSql = (headers: Record<string, string>) =>
      ask(`${serving.hasuraUrl}/v2/query`, headers, sql);
    assert.equal((await runSql(secret)).status, 200);
    for (const bad of [
      { ...secret, host: "rebind.evil.example" },
      { ...secret, origin: "https://evil.example" },
      { ...secret, "sec-fetch-site": "same-site" },
    ])
      assert.equal((await runSql(bad)).status, 403, JSON.stringify(bad));
    assert.equal((await runSql({})).status, 401);
    const another = { "x-hasura-admin-secret": `${serving.adminSecret}x` };
    assert.equal((await runSql(another)).status, 401);

    const taken = await run(t, ["local", "--serve", ...ports.slice(2)], { cwd });
    assert.equal(taken.code, 2, taken.stderr);
    assert.ok(taken.stderr.includes(`Port ${lambdaPort} is in use`), taken.stderr);
  });

  test("the printed command works unchanged, or with the printed keys if the key cannot be kept", async (t) => {
    const cwd = await project(t, table);
    const readOnly = join(cwd, "config.yaml");
    for (const env of [{}, { XDG_STATE_HOME: readOnly }] as Record<string, string>[]) {
      const running = await start(t, ["local", "--serve"], { cwd, env });
      await running.shows(/Ctrl-C/);
      const command = /^ {2}(.*)hasura-migrate (dev-1 --endpoint-url \S+)$/m.exec(running.stdout);
      const [, keys = "", argv = ""] = command ?? [];
      assert.equal(keys !== "", "XDG_STATE_HOME" in env);
      const given = keys.split(" ").filter((word) => word !== "");
      const variables = Object.fromEntries(
        given.map((word): [string, string] => [word.replace(/=.*/, ""), word.replace(/.*=/, "")]),
      );
      const ran = await run(t, argv.split(" "), { env: { ...env, ...variables } });
      assert.equal(ran.code, 0, ran.stderr);
      running.child.kill("SIGTERM");
      await running.ended;
    }
  });

  test("ports and --protected without --serve are refused", async (t) => {
    const cwd = await project(t, table);
    for (const more of [["--port", "8080"], ["--protected"]]) {
      const { code, stderr } = await run(t, ["local", ...more], { cwd });
      assert.equal(code, 2);
      assert.match(stderr, /need --serve/);
    }
  });

  test("migrations cannot run programs or read files, and extensions install", async (t) => {
    const proof = join(await freshDirectory(t), "proof");
    const attempts = [
      `copy (select 1) to program 'touch ${proof}'`,
      `copy (select 'x') to '${proof}'`,
      "create table f (line text); copy f from '/etc/passwd'",
      "select pg_read_file('/etc/passwd')",
      "alter system set archive_command = 'true'",
      "create extension file_fdw",
      "create extension pageinspect",
      "alter role postgres superuser",
      "grant pg_execute_server_program to postgres",
      "create function f() returns int language c as 'x', 'y'",
      "create or replace function hasura_migrate_local.end_extension() returns event_trigger language plpgsql as 'begin end'",
      "drop event trigger hasura_migrate_local_end",
      "set session_replication_role = replica; create extension pageinspect",
      `create extension autoinc; copy (select 1) to program 'touch ${proof}'`,
      `do $$ begin begin create extension pageinspect; exception when others then null; end; execute 'copy (select 1) to program ''touch ${proof}'''; end $$`,
    ];
    const cwd = await project(t, {
      "1700000000000_extensions": {
        up: `create extension hstore; create extension if not exists citext;
          create extension moddatetime; create extension earthdistance cascade;
          create extension postgres_fdw; create role app; create table t (id uuid default gen_random_uuid(), e citext);
          alter table t owner to postgres;`,
      },
    });
    const applied = await run(t, ["local"], { cwd });
    assert.equal(applied.code, 0, applied.stderr);
    const running = await start(t, ["local", "--serve", "--json"], { cwd });
    await running.shows(/\n/);
    const { databaseUrl } = JSON.parse(running.stdout) as Serving;
    for (const sql of attempts) {
      await assert.rejects(query(databaseUrl, sql), (thrown: Error) => {
        assert.match(
          thrown.message,
          /permission denied|must be|insufficient|only roles|superuser/i,
          sql,
        );
        return true;
      });
      const role = "select rolsuper from pg_roles where rolname = current_user";
      assert.deepEqual(await query(databaseUrl, role), [{ rolsuper: false }], sql);
    }
    assert.equal(existsSync(proof), false);
  });

  test("--superuser lifts that for one command", async (t) => {
    const cwd = await project(t, {
      "1700000000000_inspect": { up: "create extension pageinspect;" },
    });
    const refused = await run(t, ["local"], { cwd });
    assert.equal(refused.code, 1, refused.stderr);
    assert.match(refused.stderr, /permission denied to create extension/);
    assert.match(refused.stderr, /the same command with --superuser/);
    const applied = await run(t, ["local", "--superuser"], { cwd });
    assert.equal(applied.code, 0, applied.stderr);
    assert.equal((await run(t, ["status", "local", "--check"], { cwd })).code, 0);
  });

  test("a .hasura-migrate that is a link, or has links in it, is refused and nothing is written there", async (t) => {
    const victim = await freshDirectory(t);
    writeFileSync(join(victim, "location"), "mine\n");
    const linked = await project(t, table);
    symlinkSync(victim, join(linked, ".hasura-migrate"));
    const inside = await project(t, table);
    mkdirSync(join(inside, ".hasura-migrate"));
    symlinkSync(join(victim, "location"), join(inside, ".hasura-migrate", "location"));
    for (const cwd of [linked, inside]) {
      const { code, stderr } = await run(t, ["local"], { cwd });
      assert.equal(code, 2, stderr);
      assert.match(stderr, /is a symbolic link/);
    }
    assert.deepEqual(existsSync(join(victim, "data")), false);
  });
});

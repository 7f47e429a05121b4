import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { freshDirectory, query } from "../support/postgres.ts";
import { eventsOf, type Ran } from "./support/cli.ts";
import { project, serve, type Files } from "./support/environment.ts";

const one = {
  "1700000000100_one": { up: "CREATE TABLE one (id integer);", down: "DROP TABLE one;" },
};
const coupons = {
  "1700000000300_coupons": {
    up: "CREATE TABLE coupons (code text);",
    down: "DROP TABLE coupons;",
  },
};
const reviews = {
  "1700000000200_reviews": { up: "CREATE TABLE reviews (id int);", down: "DROP TABLE reviews;" },
};

const tablesIn = async (url: string): Promise<string[]> => {
  const rows = await query(
    url,
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1",
  );
  return rows.map(({ relname }) => String(relname));
};

/** Versions and states of a `status --json`. */
const statesIn = (ran: Ran): string[][] =>
  eventsOf(ran).flatMap((event) =>
    event.type === "status"
      ? event.databases.flatMap(({ migrations }) =>
          migrations.map(({ version, state }) => [version, state]),
        )
      : [],
  );

const identity = ["-c", "user.name=ada", "-c", "user.email=ada@example.com"];
const git = (root: string, ...args: string[]): void => {
  execFileSync("git", [...identity, "-C", root, ...args], { stdio: "pipe" });
};

/** A project in a repository of its own, on a branch. */
async function branchOf(t: TestContext, branch: string, files: Files): Promise<string> {
  const directory = await project(t, files);
  git(directory, "init", "--quiet", "--initial-branch", branch);
  git(directory, "add", ".");
  git(directory, "commit", "--quiet", "--message", "begin");
  return directory;
}

function write(directory: string, file: string, content: string | Uint8Array): void {
  const path = join(directory, "migrations/default", file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

describe.concurrent("the migrations of a branch", () => {
  test("are applied together with those of the image, shown, and rolled back", async (t) => {
    const served = await serve(t, await project(t, one));
    const cwd = await branchOf(t, "add-coupons", { ...one, ...coupons });
    const applied = await served.run(["dev-1", "--from", "."], { cwd });
    assert.equal(applied.code, 0, applied.stderr);
    assert.match(
      applied.stderr,
      new RegExp(`uploaded from ${basename(cwd)} \\(add-coupons, [0-9a-f]{7}\\)`),
    );
    assert.deepEqual(await tablesIn(served.databaseUrl), ["coupons", "one"]);
    const status = await served.run(["status", "dev-1", "--from", cwd, "--json", "--check"]);
    assert.equal(status.code, 0, status.stderr);
    assert.deepEqual(statesIn(status), [
      ["1700000000100", "applied"],
      ["1700000000300", "applied"],
    ]);
    const history = await served.run(["history", "dev-1"]);
    assert.match(history.stdout, /2 up[^]*uploaded add-coupons/);
    const down = await served.run(["down", "dev-1", "--from", cwd, "--yes"]);
    assert.equal(down.code, 0, down.stderr);
    assert.deepEqual(await tablesIn(served.databaseUrl), ["one"]);
  });

  test("of two people work in one environment, each with its own directory", async (t) => {
    const served = await serve(t, await project(t, one));
    const ada = await branchOf(t, "add-coupons", { ...one, ...coupons });
    const bob = await branchOf(t, "add-reviews", { ...one, ...reviews });
    const both = await Promise.all([
      served.run(["dev-1", "--from", ada, "--wait", "5m"]),
      served.run(["dev-1", "--from", bob, "--wait", "5m"]),
    ]);
    for (const { code, stderr } of both) assert.equal(code, 0, stderr);
    assert.deepEqual(await tablesIn(served.databaseUrl), ["coupons", "one", "reviews"]);
    assert.deepEqual(statesIn(await served.run(["status", "dev-1", "--from", bob, "--json"])), [
      ["1700000000100", "applied"],
      ["1700000000200", "applied"],
      ["1700000000300", "unknown"],
    ]);
    const status = await served.run(["status", "dev-1", "--from", bob]);
    assert.match(status.stdout, /coupons[^]*branch add-coupons/);
    const runs = eventsOf(await served.run(["history", "dev-1", "--json"])).flatMap((event) =>
      event.type === "history" ? event.runs : [],
    );
    assert.deepEqual(
      runs.map(({ source, gitBranch }) => [source?.kind, source?.branch, gitBranch]).toSorted(),
      [
        ["upload", "add-coupons", "add-coupons"],
        ["upload", "add-reviews", "add-reviews"],
      ],
    );
  });

  test("are recorded with mark and baseline, and rolled back without their files", async (t) => {
    const served = await serve(t, await project(t, one));
    const cwd = await branchOf(t, "add-coupons", { ...one, ...reviews, ...coupons });
    await query(served.databaseUrl, "CREATE TABLE coupons (code text); CREATE TABLE reviews ()");
    const unknown = await served.run(["mark", "dev-1", "1700000000300", "--applied"]);
    assert.match(unknown.stderr, /has neither a file nor a record/);
    const marked = await served.run(
      ["mark", "dev-1", "1700000000300", "--applied", "--from", "."],
      { cwd },
    );
    assert.equal(marked.code, 0, marked.stderr);
    const baseline = ["baseline", "dev-1", "--from", cwd];
    const shown = await served.run([...baseline, "--dry-run"]);
    assert.match(shown.stdout, /1700000000100 +one .*\n[^]*1700000000200 +reviews/);
    const recorded = await served.run([...baseline, "--yes"]);
    assert.equal(recorded.code, 0, recorded.stderr);
    assert.deepEqual(await tablesIn(served.databaseUrl), ["coupons", "reviews"]);
    const status = await served.run(["status", "dev-1"]);
    assert.match(
      status.stdout,
      /1700000000300 +coupons +unknown.*\n +\S+, branch add-coupons, .*; can be rolled back\n/,
    );
    assert.match((await served.run(["history", "dev-1"])).stdout, /uploaded add-coupons/);
    const down = await served.run(["down", "dev-1", "--only", "1700000000300", "--yes"]);
    assert.equal(down.code, 0, down.stderr);
    const reset = await served.run(["reset-to", "dev-1", "--yes"]);
    assert.equal(reset.code, 0, reset.stderr);
    assert.deepEqual(await tablesIn(served.databaseUrl), []);
    assert.deepEqual(statesIn(await served.run(["status", "dev-1", "--json"])), [
      ["1700000000100", "applied"],
    ]);
  });

  test("fail with the place in the file, and run after they are corrected", async (t) => {
    const served = await serve(t, await project(t, one));
    const cwd = await branchOf(t, "broken", one);
    const file = "1700000000400_broken/up.sql";
    write(cwd, file, "CREATE TABLE fine (id int);\nCREATE TABEL broken (id int);\n");
    const failed = await served.run(["dev-1", "--from", "."], { cwd });
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /1700000000400_broken\/up\.sql:2[^]*CREATE TABEL broken/);
    assert.match(failed.stderr, /uncommitted changes/);
    assert.deepEqual(await tablesIn(served.databaseUrl), ["one"]);
    write(cwd, file, "CREATE TABLE fine (id int);\nCREATE TABLE broken (id int);\n");
    const corrected = await served.run(["dev-1", "--from", "."], { cwd });
    assert.equal(corrected.code, 0, corrected.stderr);
    assert.deepEqual(await tablesIn(served.databaseUrl), ["broken", "fine", "one"]);
  });

  test("that differ from the image's are shown as such, and run with --changed", async (t) => {
    const served = await serve(t, await project(t, one));
    const other = {
      "1700000000100_one": { up: "CREATE TABLE other (id int);", down: "DROP TABLE other;" },
    };
    const branch = await branchOf(t, "change-one", other);
    const plan = await served.run(["plan", "dev-1", "--from", branch]);
    assert.match(plan.stdout, /1700000000100\s+one\s+.*differs from the image/);
    const status = await served.run(["status", "dev-1", "--from", branch]);
    assert.match(status.stdout, /pending, differs from the image/);
    const refused = await served.run(["dev-1", "--from", branch]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /1700000000100_one\/up\.sql differs[^]*--changed/);
    assert.deepEqual(await tablesIn(served.databaseUrl), []);
    const insisted = await served.run(["dev-1", "--from", branch, "--changed"]);
    assert.equal(insisted.code, 0, insisted.stderr);
    assert.deepEqual(await tablesIn(served.databaseUrl), ["other"]);
    const image = await served.run(["status", "dev-1", "--json"]);
    assert.deepEqual(statesIn(image), [["1700000000100", "changed"]]);
  });

  test("are planned as they are in the directory, without versions that are only in the image", async (t) => {
    const served = await serve(t, await project(t, { ...one, ...reviews }));
    const branch = await branchOf(t, "old", { ...one, ...coupons });
    const ran = await served.run(["dev-1", "--from", branch, "--json"]);
    assert.equal(ran.code, 0, ran.stderr);
    const [plan] = eventsOf(ran).flatMap((event) => (event.type === "plan" ? [event] : []));
    assert.deepEqual(
      plan?.databases.flatMap(({ items }) => items.map(({ version }) => version)),
      ["1700000000100", "1700000000300"],
    );
    const [started] = eventsOf(ran);
    assert(started?.type === "run.started");
    assert.deepEqual(
      [started.migrationSource, started.upload?.branch, started.upload?.dirty],
      ["upload", "old", false],
    );
  });

  test("may be a whole project, if the image has none", async (t) => {
    const served = await serve(t, await project(t, one));
    const files: Record<string, Files[string]> = {};
    for (let i = 0; i < 300; i += 1)
      files[`${1_700_000_000_200 + i}_t${i}`] = {
        up: `CREATE TABLE t${i} (id int);`,
        down: `DROP TABLE t${i};`,
      };
    const branch = await project(t, files);
    const ran = await served.run(["dev-1", "--from", branch]);
    assert.equal(ran.code, 0, ran.stderr);
    assert.equal((await tablesIn(served.databaseUrl)).length, 300);
  });

  const refused: [what: string, prepare: (directory: string) => void, says: RegExp][] = [
    [
      "a file that is not UTF-8",
      (directory) => write(directory, "2_x/up.sql", Buffer.from("SELECT 'ü';", "latin1")),
      /2_x\/up\.sql is not valid UTF-8/,
    ],
    [
      "a link that leads out of the project",
      (directory) => {
        mkdirSync(join(directory, "migrations/default/2_x"));
        symlinkSync("/etc/hostname", join(directory, "migrations/default/2_x/up.sql"));
      },
      /points outside the project/,
    ],
    [
      "two files of one version",
      (directory) => {
        write(directory, "2_x/up.sql", "SELECT 1;");
        write(directory, "2_y/up.sql", "SELECT 2;");
      },
      /Two up files have the version 2/,
    ],
    [
      "a file of 100 MB",
      (directory) => write(directory, "2_data/up.sql", Buffer.alloc(100_000_000, "-- data\n")),
      /too large to be uploaded: at most 4\.5 MB after compression and about 30\.2 MB before\.[^]*2_data\/up\.sql \(100\.0 MB\)/,
    ],
    ["no migrations", () => undefined, /There are no migrations in/],
  ];
  test("with a mistake are refused before anything runs", async (t) => {
    const served = await serve(t, await project(t, one));
    for (const [what, prepare, says] of refused) {
      const directory = what === "no migrations" ? await freshDirectory(t) : await project(t, one);
      prepare(directory);
      const { code, stderr } = await served.run(["dev-1", "--from", directory]);
      assert.match(stderr, says, what);
      assert.equal(code, 2, what);
    }
    assert.deepEqual(await tablesIn(served.databaseUrl), []);
  });
});

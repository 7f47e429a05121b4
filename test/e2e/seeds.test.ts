import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { freshDirectory, query } from "../support/postgres.ts";
import { eventsOf, run, type Ran } from "./support/cli.ts";
import { project, serve, type Served } from "./support/environment.ts";

const table = { "1_it": { up: "CREATE TABLE it (name text NOT NULL);" } };

/** A project with the table `it`, whose seeds are these files below `seeds/`. */
async function seeded(
  t: TestContext,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<string> {
  const directory = await project(t, table);
  for (const [path, content] of Object.entries(files)) write(directory, path, content);
  return directory;
}

function write(directory: string, path: string, content: string | Uint8Array): void {
  const file = join(directory, "seeds", path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

const row = (name: string): string => `INSERT INTO it VALUES ('${name}');\n`;

/** The rows of `it`, in the order in which they were inserted. */
async function rowsOf({ databaseUrl }: Pick<Served, "databaseUrl">): Promise<string[]> {
  const rows = await query(databaseUrl, "SELECT name FROM it ORDER BY ctid");
  return rows.map(({ name }) => String(name));
}

/** What a run with `--json` reported of each seed. */
const seedsIn = (ran: Ran): string[] =>
  eventsOf(ran).flatMap((event) =>
    "seed" in event && event.type !== "seed.started"
      ? [`${event.type.slice("seed.".length)} ${event.database} ${event.seed}`]
      : [],
  );

const codeIn = (ran: Ran): string | undefined =>
  eventsOf(ran).flatMap((event) => (event.type === "run.failed" ? [event.failure.code] : []))[0];

/** An environment whose image has the table alone, with its migrations applied. */
async function environment(t: TestContext, more: readonly string[] = []): Promise<Served> {
  const served = await serve(t, await project(t, table), more);
  const applied = await served.run(["dev-1", "--yes=dev-1"]);
  assert.equal(applied.code, 0, applied.stderr);
  return served;
}

describe.concurrent("seeds of a directory", () => {
  test("run once, in order, and are listed by the history", async (t) => {
    const served = await environment(t);
    const from = await seeded(t, {
      "default/02_b.sql": row("b"),
      "default/01_a.sql": row("a"),
      "default/more/1.sql": row("m"),
    });
    const seed = ["seed", "dev-1", "--from", from, "--json"];
    const dry = await served.run([...seed, "--dry-run"]);
    assert.deepEqual([dry.code, await rowsOf(served)], [0, []], dry.stdout);
    const first = await served.run(seed);
    assert.equal(first.code, 0, first.stdout);
    assert.deepEqual(seedsIn(first), [
      "applied default 01_a.sql",
      "applied default 02_b.sql",
      "applied default more/1.sql",
    ]);
    write(from, "default/03_c.sql", row("c"));
    const second = await served.run(seed);
    assert.equal(second.code, 0, second.stdout);
    assert.deepEqual(seedsIn(second).toSorted(), [
      "applied default 03_c.sql",
      "skipped default 01_a.sql",
      "skipped default 02_b.sql",
      "skipped default more/1.sql",
    ]);
    assert.deepEqual(await rowsOf(served), ["a", "b", "m", "c"]);
    const history = await served.run(["history", "dev-1"]);
    assert.match(history.stdout, /1 seed +finished[^]*3 seeds +finished/);
  });

  test("that are named run in the given order, also again", async (t) => {
    const served = await environment(t);
    const from = await seeded(t, {
      "default/01_a.sql": row("a"),
      "default/02_b.sql": row("b"),
      "default/03_c.sql": row("c"),
    });
    const some = [
      "seed",
      "dev-1",
      "--from",
      from,
      "-f",
      "seeds/default/03_c.sql",
      "-f",
      "01_a.sql",
    ];
    assert.equal((await served.run(some)).code, 0);
    assert.deepEqual(await rowsOf(served), ["c", "a"]);
    const again = await served.run([...some, "--again"]);
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual(await rowsOf(served), ["c", "a", "c", "a"]);
    const unknown = await served.run(["seed", "dev-1", "--from", from, "-f", "01_aa.sql"]);
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /no seed 01_aa\.sql\. Did you mean "01_a\.sql"\?/);
  });

  test("that have changed since are refused, and run with the suggested command", async (t) => {
    const served = await environment(t);
    const from = await seeded(t, { "default/01_a.sql": row("a"), "default/02_b.sql": row("b") });
    const seed = ["seed", "dev-1", "--from", from];
    assert.equal((await served.run(seed)).code, 0);
    write(from, "default/01_a.sql", row("a2"));
    write(from, "default/03_c.sql", row("c"));
    const refused = await served.run(seed);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /seeds\/default\/01_a\.sql has changed since it was run; nothing/);
    assert.match(refused.stderr, /--file seeds\/default\/01_a\.sql --again/);
    assert.deepEqual(await rowsOf(served), ["a", "b"]);
    const dry = await served.run([...seed, "--dry-run"]);
    assert.equal(dry.code, 2);
    assert.match(dry.stdout, /01_a\.sql +! changed since it was run/);
    const [command] = /hasura-migrate seed .*--again/.exec(dry.stderr) ?? [];
    assert.doesNotMatch(command ?? "--dry-run", /--dry-run/);
    const again = await served.run([...seed, "--file", "seeds/default/01_a.sql", "--again"]);
    assert.equal(again.code, 0, again.stderr);
    const rest = await served.run(seed);
    assert.equal(rest.code, 0, rest.stderr);
    assert.deepEqual(await rowsOf(served), ["a", "b", "a2", "c"]);
  });

  test("roll back the one that fails, and continue with it", async (t) => {
    const served = await environment(t);
    const from = await seeded(t, {
      "default/01_a.sql": row("a"),
      "default/02_b.sql": `${row("b")}INSERT INTO nowhere VALUES (1);\n`,
      "default/03_c.sql": row("c"),
    });
    const seed = ["seed", "dev-1", "--from", from];
    const failed = await served.run(seed);
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /seeds\/default\/02_b\.sql:2[^]*nowhere/);
    assert.deepEqual(await rowsOf(served), ["a"]);
    write(from, "default/02_b.sql", row("b"));
    const continued = await served.run(seed);
    assert.equal(continued.code, 0, continued.stderr);
    assert.deepEqual(await rowsOf(served), ["a", "b", "c"]);
  });

  test("replace those of the image, and --image uses these", async (t) => {
    const served = await serve(t, await seeded(t, { "default/image.sql": row("image") }));
    assert.equal((await served.run(["dev-1"])).code, 0);
    const from = await seeded(t, { "default/mine.sql": row("mine") });
    assert.equal((await served.run(["seed", "dev-1"], { cwd: from })).code, 0);
    assert.deepEqual(await rowsOf(served), ["image"]);
    assert.equal((await served.run(["seed", "dev-1", "--from", "."], { cwd: from })).code, 0);
    assert.deepEqual(await rowsOf(served), ["image", "mine"]);
  });

  test("in a protected environment need its name, and a function that accepts uploads", async (t) => {
    const image = await seeded(t, { "default/01_a.sql": row("a") });
    const served = await serve(t, image, ["--protected"]);
    assert.equal((await served.run(["prod", "--yes=prod"])).code, 0);
    const uploaded = await served.run(["seed", "prod", "--from", image, "--yes=prod"]);
    assert.equal(uploaded.code, 2);
    assert.match(uploaded.stderr, /prod is protected and does not accept uploaded seeds/);
    assert.match(uploaded.stderr, /hasura-migrate seed prod --yes=prod .*--image\n/);
    const cwd = await freshDirectory(t);
    const config = { environments: { prod: { function: "hasura-migrate-prod", protected: true } } };
    writeFileSync(join(cwd, "hasura-migrate.json"), JSON.stringify(config));
    const unnamed = await served.run(["seed", "prod"]);
    assert.equal(unnamed.code, 2);
    assert.match(unnamed.stderr, /must be confirmed with the environment's name/);
    for (const typed of [[], ["--yes"], ["--yes=dev-1"]]) {
      const refused = await served.run(["seed", "prod", ...typed], { cwd });
      assert.equal(refused.code, 2, typed.join(" "));
      assert.match(refused.stderr, /--yes=prod/);
    }
    assert.deepEqual(await rowsOf(served), []);
    const named = await served.run(["seed", "prod", "--yes=prod"]);
    assert.equal(named.code, 0, named.stderr);
    assert.deepEqual(await rowsOf(served), ["a"]);
  });

  test("without any are no seeds", async (t) => {
    const served = await environment(t);
    const from = await seeded(t, {});
    const seed = ["seed", "dev-1", "--from", from];
    const missing = await served.run(seed);
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /There are no seeds in seeds\/<database>\./);
    assert.doesNotMatch(missing.stderr, /--from \./);
    mkdirSync(join(from, "seeds/default"), { recursive: true });
    assert.equal(codeIn(await served.run([...seed, "--json"])), "no-seeds");
    write(from, "01.sql", row("a"));
    const misplaced = await served.run(seed);
    assert.equal(misplaced.code, 2);
    assert.match(misplaced.stderr, /Ignored: seeds\/01\.sql/);
  });

  test("without a statement are recorded", async (t) => {
    const served = await environment(t);
    const from = await seeded(t, { "default/01_empty.sql": "", "default/02_mark.sql": "\uFEFF" });
    const seed = ["seed", "dev-1", "--from", from, "--json"];
    const first = await served.run(seed);
    assert.equal(first.code, 0, first.stdout);
    assert.deepEqual(seedsIn(await served.run(seed)), [
      "skipped default 01_empty.sql",
      "skipped default 02_mark.sql",
    ]);
  });

  const refused: [what: string, path: string, content: string | Uint8Array, says: RegExp][] = [
    [
      "a file that is not UTF-8",
      "default/1.sql",
      Buffer.from("SELECT 'ü';", "latin1"),
      /seeds\/default\/1\.sql is not valid UTF-8/,
    ],
    [
      "a NUL character",
      "default/1.sql",
      "SELECT 1;\nSELECT 2;\0 SELECT 3;",
      /seeds\/default\/1\.sql, line 2: there is a NUL character/,
    ],
    [
      "a file of 40 MB",
      "default/1.sql",
      Buffer.alloc(40_000_000, "-- data\n"),
      /local seeds that would be run are too large to be uploaded[^]*seeds\/default\/1\.sql \(40\.0 MB\)/,
    ],
    ["a name with a line feed", "default/1\n2.sql", row("x"), /cannot be uploaded: its name/],
    ["a database that is not connected", "audit/1.sql", row("x"), /seeds for the database audit/],
    ["a transaction", "default/1.sql", "BEGIN;\nSELECT 1;\nCOMMIT;", /1\.sql, line 1: BEGIN would/],
  ];
  test("with a mistake are refused before anything runs", async (t) => {
    const served = await environment(t);
    for (const [what, path, content, says] of refused) {
      const from = await seeded(t, { "default/0.sql": row("never"), [path]: content });
      const { code, stderr } = await served.run(["seed", "dev-1", "--from", from]);
      assert.match(stderr, says, what);
      assert.equal(code, 2, what);
    }
    const nowhere = join(await freshDirectory(t), "nowhere");
    const missing = await served.run(["seed", "dev-1", "--from", nowhere]);
    assert.deepEqual([missing.code, /does not exist/.test(missing.stderr)], [2, true]);
    assert.deepEqual(await rowsOf(served), []);
  });
});

test("seeds of several databases run in each of them, on this machine", async (t) => {
  const directory = await seeded(t, {
    "default/1.sql": row("default"),
    "reports/1.sql": row("reports"),
  });
  const migration = join(directory, "migrations/reports/1_it");
  mkdirSync(migration, { recursive: true });
  writeFileSync(join(migration, "up.sql"), table["1_it"].up);
  t.onTestFinished(() =>
    rmSync(join(directory, ".hasura-migrate"), { recursive: true, force: true }),
  );
  const here = (argv: readonly string[]) => run(t, argv, { cwd: directory });
  const applied = await here(["local"]);
  assert.equal(applied.code, 0, applied.stderr);
  const ambiguous = await here(["seed", "local", "-f", "1.sql"]);
  assert.equal(ambiguous.code, 2);
  assert.match(ambiguous.stderr, /--database/);
  const one = await here(["seed", "local", "--database", "reports", "--json"]);
  assert.deepEqual(seedsIn(one), ["applied reports 1.sql"]);
  const all = await here(["seed", "local", "--from", ".", "--json"]);
  assert.equal(all.code, 0, all.stdout);
  assert.deepEqual(seedsIn(all).toSorted(), ["applied default 1.sql", "skipped reports 1.sql"]);
});

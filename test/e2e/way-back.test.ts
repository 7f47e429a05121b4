import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { query } from "../support/postgres.ts";
import { eventsOf, run } from "./support/cli.ts";
import { project, serve, writeMigrations, type Files, type Served } from "./support/environment.ts";

const branch = {
  "1700000000100_users": { up: "CREATE TABLE users (id int);", down: "DROP TABLE users;" },
  "1700000000200_coupons": { up: "CREATE TABLE coupons (id int);", down: "DROP TABLE coupons;" },
  "1700000000300_codes": { up: "CREATE TABLE codes (id int);", down: "DROP TABLE codes;" },
};

const tablesOf = async (url: string): Promise<string[]> => {
  const rows = await query(
    url,
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1",
  );
  return rows.map(({ relname }) => String(relname));
};

/** An environment in which a branch was applied whose last two migrations are no longer in the project; `then` are there instead. */
async function afterBranch(t: TestContext, then: Files = {}): Promise<Served> {
  const directory = await project(t, branch);
  const served = await serve(t, directory);
  // The branch is that of the directory in which the command is typed.
  const git = (...argv: string[]): unknown => execFileSync("git", ["-C", directory, ...argv]);
  git("init", "-q", "-b", "add-coupons");
  git(
    "-c",
    "user.name=ada",
    "-c",
    "user.email=ada@example.com",
    "commit",
    "-q",
    "--allow-empty",
    "-m",
    "x",
  );
  const applied = await served.run(["dev-1"], { cwd: directory });
  assert.equal(applied.code, 0, applied.stderr);
  for (const name of ["1700000000200_coupons", "1700000000300_codes"])
    rmSync(join(directory, "migrations/default", name), { recursive: true });
  writeMigrations(directory, then);
  return served;
}

// Each test has its own environment.
describe.concurrent("the way back", () => {
  test("down rolls back versions without a file, and shows them first", async (t) => {
    const served = await afterBranch(t);
    const shown = await served.run(["down", "dev-1", "2", "--dry-run"]);
    assert.equal(shown.code, 0, shown.stderr);
    assert.match(
      shown.stdout,
      /1700000000300 +codes .*\n +line 1: drops the table codes: empty\n.*1700000000200 +coupons /,
    );
    assert.deepEqual(await tablesOf(served.databaseUrl), ["codes", "coupons", "users"]);
    const done = await served.run(["down", "dev-1", "2", "--yes", "--json"]);
    assert.equal(done.code, 0, done.stderr);
    assert.deepEqual(
      eventsOf(done).flatMap((event) =>
        event.type === "plan"
          ? event.databases.flatMap(({ items }) => items.map(({ file }) => file))
          : [],
      ),
      ["ledger:1700000000300_codes/down.sql", "ledger:1700000000200_coupons/down.sql"],
    );
    assert.deepEqual(await tablesOf(served.databaseUrl), ["users"]);
  });

  test("status shows who applied them: in text, in the table of environments, as JSON and on the page", async (t) => {
    const served = await afterBranch(t);
    const text = await served.run(["status", "dev-1"]);
    assert.match(
      text.stdout,
      /\? 1700000000200 +coupons +unknown.*\n +\S+, branch add-coupons, (just now|\d+ minutes? ago); can be rolled back\n/,
    );
    const table = await served.run(["status", "dev-1", "--full"]);
    assert.match(
      table.stdout,
      /\n {2}dev-1 1700000000200 coupons: \S+, branch add-coupons, (just now|\d+ minutes? ago); can be rolled back\n/,
    );
    const json = await served.run(["status", "dev-1", "--json"]);
    const rows = eventsOf(json).flatMap((event) =>
      event.type === "status" ? event.databases.flatMap(({ migrations }) => migrations) : [],
    );
    assert.deepEqual(
      rows.map(({ name, branch: from, canRollBack }) => [name, from, canRollBack]),
      [
        ["users", "add-coupons", undefined],
        ["coupons", "add-coupons", true],
        ["codes", "add-coupons", true],
      ],
    );
    const page = await served.run(["status", "dev-1", "--html", "-"]);
    assert.match(page.stdout, /"people":\["[^"]+, branch add-coupons"\]/);
    assert.match(page.stdout, /1700000000200<\/b> coupons/);
  });

  test("reset-to rolls back versions that the project lacks and applies pending ones, as one plan that has to be confirmed", async (t) => {
    const served = await afterBranch(t, {
      "1700000000250_tags": { up: "CREATE TABLE tags (id int);", down: "DROP TABLE tags;" },
    });
    const unasked = await served.run(["reset-to", "dev-1"]);
    assert.equal(unasked.code, 2);
    assert.match(unasked.stderr, /"Reset dev-1\?" needs an answer/);
    const shown = await served.run(["reset-to", "dev-1", "--dry-run"]);
    assert.match(
      shown.stdout,
      /2 to roll back, 1 to apply in default .*\n.*1700000000300 +codes +down .*\n +line 1: drops the table codes: empty\n.*1700000000200 +coupons +down .*\n +line 1: drops the table coupons: empty\n.*1700000000250 +tags +1 line/,
    );
    assert.deepEqual(await tablesOf(served.databaseUrl), ["codes", "coupons", "users"]);
    const done = await served.run(["reset-to", "dev-1", "--yes"]);
    assert.equal(done.code, 0, done.stderr);
    assert.match(done.stdout, /2 rolled back, 1 applied in /);
    assert.deepEqual(await tablesOf(served.databaseUrl), ["tags", "users"]);
    const again = await served.run(["reset-to", "dev-1", "--yes"]);
    assert.match(again.stdout, /nothing to reset, 2 applied/);
    assert.equal((await served.run(["status", "dev-1", "--check"])).code, 0);
  });

  test("reset-to lists versions that cannot be rolled back, and leaves them only on request", async (t) => {
    const served = await afterBranch(t);
    await query(
      served.databaseUrl,
      "UPDATE hasura_migrate.migration SET down_sql = NULL WHERE version = 1700000000200",
    );
    const refused = await served.run(["reset-to", "dev-1", "--yes"]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /1 version would have to be rolled back in default/);
    assert.match(refused.stderr, /1700000000200_coupons: \S+ applied it on the branch add-coupons/);
    assert.match(refused.stderr, /hasura-migrate reset-to dev-1 .*--keep/);
    const kept = await served.run(["reset-to", "dev-1", "--yes", "--keep"]);
    assert.equal(kept.code, 0, kept.stderr);
    assert.deepEqual(await tablesOf(served.databaseUrl), ["coupons", "users"]);
  });

  test("baseline records pending versions as applied, up to a version, without running them", async (t) => {
    const directory = await project(t, branch);
    const served = await serve(t, directory);
    await query(served.databaseUrl, "CREATE TABLE users (id int)");
    const shown = await served.run(["baseline", "dev-1", "--dry-run", "--json"]);
    assert.equal(shown.code, 0, shown.stderr);
    assert.deepEqual(
      eventsOf(shown).flatMap((event) =>
        event.type === "status"
          ? event.databases.flatMap(({ migrations }) =>
              migrations.map(({ name, evidence = [] }) => [name, evidence[0]?.exists]),
            )
          : [],
      ),
      [
        ["users", true],
        ["coupons", false],
        ["codes", false],
      ],
    );
    const unasked = await served.run(["baseline", "dev-1", "--to", "1700000000200"]);
    assert.equal(unasked.code, 2);
    assert.match(unasked.stderr, /every pending migration up to 1700000000200 on dev-1 as applied/);
    const unknown = await served.run(["baseline", "dev-1", "--to", "1700000000150", "--yes"]);
    assert.match(unknown.stderr, /Version 1700000000150 cannot be marked as applied/);
    const some = await served.run(["baseline", "dev-1", "--to", "1700000000100", "--yes"]);
    assert.equal(some.code, 0, some.stderr);
    assert.match(some.stdout, /1700000000100 users marked applied/);
    assert.deepEqual(await tablesOf(served.databaseUrl), ["users"]);
    const rest = await served.run(["dev-1"]);
    assert.equal(rest.code, 0, rest.stderr);
    assert.deepEqual(await tablesOf(served.databaseUrl), ["codes", "coupons", "users"]);
    const nothing = await served.run(["baseline", "dev-1", "--yes"]);
    assert.equal(nothing.code, 0, nothing.stderr);
    assert.match(nothing.stderr, /Nothing is pending\./);
  });

  test("squash writes one migration, which is recorded if its parts are applied, and run otherwise", async (t) => {
    const directory = await project(t, branch);
    const [first, second] = await Promise.all([serve(t, directory), serve(t, directory)]);
    assert.equal((await first.run(["dev-1"])).code, 0);
    const written = await run(t, [
      ...["squash", "--from", "1700000000100", "--to", "1700000000200", "--name", "all of it"],
      ...["--delete", "--json", "--migrations", directory],
    ]);
    assert.equal(written.code, 0, written.stderr);
    assert.match(
      written.stdout,
      /"version":"1700000000201".*"squashes":\["1700000000100","1700000000200"\],"deleted":true/,
    );
    assert.deepEqual(readdirSync(join(directory, "migrations/default")).sort(), [
      "1700000000201_all_of_it",
      "1700000000300_codes",
    ]);
    const plan = await first.run(["plan", "dev-1"]);
    assert.match(plan.stdout, /1700000000201 +all_of_it +.*recorded in place of 2 versions/);
    const recorded = await first.run(["dev-1", "--out-of-order"]);
    assert.equal(recorded.code, 0, recorded.stderr);
    assert.equal((await first.run(["status", "dev-1", "--check"])).code, 0);
    const ran = await second.run(["dev-1"]);
    assert.equal(ran.code, 0, ran.stderr);
    assert.deepEqual(await tablesOf(second.databaseUrl), await tablesOf(first.databaseUrl));
    const back = await second.run(["down", "dev-1", "2", "--yes"]);
    assert.equal(back.code, 0, back.stderr);
    assert.deepEqual(await tablesOf(second.databaseUrl), []);
  });

  test("a squash that is run again does not suggest squashing its own result", async (t) => {
    const directory = await project(t, {
      "1700000000100_a": { up: "CREATE TABLE a (id int);", down: "DROP TABLE a;" },
      "1700000000200_b": { up: "CREATE TABLE b (id int);", down: "DROP TABLE b;" },
    });
    const squash = () =>
      run(t, [
        ...["squash", "--from", "1700000000100", "--to", "1700000000200"],
        ...["--name", "ab", "--migrations", directory],
      ]);
    assert.equal((await squash()).code, 0);
    const again = await squash();
    assert.equal(again.code, 2);
    assert.match(again.stderr, /✗ 1700000000201_ab already squashes these migrations\./);
    assert.match(
      again.stderr,
      /to write it again, after removing the directory of 1700000000201_ab/,
    );
    assert.doesNotMatch(again.stderr, /include that one/);
  });

  test("squash reports mistakes before it writes anything", async (t) => {
    const directory = await project(t, {
      ...branch,
      "1700000000201_next": { up: "SELECT 1;" },
    });
    const squash = (...argv: string[]) =>
      run(t, ["squash", "--name", "x", "--migrations", directory, ...argv]);
    const before = readdirSync(join(directory, "migrations/default"));
    const refusals: [string[], RegExp][] = [
      [[], /Specify the first migration of the range/],
      [["--from", "17"], /has no version 17 in default/],
      [["--from", "1700000000100"], /1700000000201_next has no down\.sql with a statement/],
      [
        ["--from", "1700000000100", "--to", "1700000000200"],
        /would need the version 1700000000201, which is already that of 1700000000201_next/,
      ],
      [["--from", "1700000000300"], /There is only one migration to squash/],
      [
        ["--from", "1700000000300", "--database", "other"],
        /There is no database other in the project\./,
      ],
    ];
    for (const [argv, message] of refusals) {
      const refused = await squash(...argv);
      assert.equal(refused.code, 2, argv.join(" "));
      assert.match(refused.stderr, message);
    }
    assert.deepEqual(readdirSync(join(directory, "migrations/default")), before);
  });

  test("after two branches were applied, reset-to --from leaves one of them, and without --from the image's migrations", async (t) => {
    const image = { "1700000000100_users": branch["1700000000100_users"] };
    const served = await serve(t, await project(t, image));
    const tags = {
      "1700000000250_tags": { up: "CREATE TABLE tags (id int);", down: "DROP TABLE tags;" },
    };
    const ada = await project(t, branch);
    const ben = await project(t, { ...image, ...tags });
    for (const from of [ada, ben]) {
      const applied = await served.run(["dev-1", "--from", from]);
      assert.equal(applied.code, 0, applied.stderr);
    }
    assert.deepEqual(await tablesOf(served.databaseUrl), ["codes", "coupons", "tags", "users"]);
    const bens = await served.run(["reset-to", "dev-1", "--from", ben, "--yes"]);
    assert.equal(bens.code, 0, bens.stderr);
    assert.match(bens.stdout, /2 rolled back in /);
    assert.deepEqual(await tablesOf(served.databaseUrl), ["tags", "users"]);
    const adas = await served.run(["reset-to", "dev-1", "--from", ada, "--yes"]);
    assert.match(adas.stdout, /1 rolled back, 2 applied in /);
    assert.deepEqual(await tablesOf(served.databaseUrl), ["codes", "coupons", "users"]);
    writeFileSync(
      join(ada, "migrations/default/1700000000300_codes/up.sql"),
      "CREATE TABLE codes (id int, code text);",
    );
    const left = await served.run(["reset-to", "dev-1", "--from", ada, "--yes"]);
    assert.match(left.stderr, /To roll them back and apply them again, add --changed/);
    const anew = await served.run(["reset-to", "dev-1", "--from", ada, "--changed", "--yes"]);
    assert.equal(anew.code, 0, anew.stderr);
    assert.match(anew.stdout, /1 rolled back, 1 applied in /);
    const columns = await query(
      served.databaseUrl,
      "SELECT attname FROM pg_attribute WHERE attrelid = 'codes'::regclass AND attnum > 0 ORDER BY attnum",
    );
    assert.deepEqual(columns, [{ attname: "id" }, { attname: "code" }]);
    const back = await served.run(["reset-to", "dev-1", "--yes"]);
    assert.equal(back.code, 0, back.stderr);
    assert.deepEqual(await tablesOf(served.databaseUrl), ["users"]);
  });
});

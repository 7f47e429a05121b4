import assert from "node:assert/strict";
import { describe, test, type TestContext } from "vitest";
import { Failure } from "../../src/protocol/failure.ts";
import type { VerifyEvent } from "../../src/protocol/verification.ts";
import { freshDirectory } from "../support/postgres.ts";
import {
  commit,
  git,
  migrations,
  onSharedServer,
  outline,
  project,
  remove,
  repository,
  statesOf,
  verified,
  write,
} from "./support/verified.ts";

type Files = Parameters<typeof migrations>[0];

const table = (name: string): readonly [string, string] => [
  `create table ${name} (id int)`,
  `drop table ${name}`,
];

const first = migrations({ "10_a": table("a"), "20_b": table("b") });
const since = onSharedServer({ since: "main" });

function orderOf(events: readonly VerifyEvent[]): string | undefined {
  const order = events.find(({ type }) => type === "verify.order");
  return order?.type === "verify.order" ? order.state : undefined;
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "",
    (thrown: unknown) => (thrown instanceof Failure ? thrown.code : String(thrown)),
  );
}

describe("--since", () => {
  test("checks what is added, committed or not, and applies the rest", async (t) => {
    const directory = await repository(t, first);
    git(directory, "switch", "--quiet", "--create", "branch");
    await write(directory, migrations({ "30_c": table("c") }));
    commit(directory, "c");
    await write(directory, migrations({ "40_d": table("d") }));
    git(directory, "add", "--all");
    await write(directory, migrations({ "50_e": table("e") }));
    const events = await verified(directory, since);
    assert.deepEqual(statesOf(events), { 30: "ok", 40: "ok", 50: "ok" });
    assert.equal(orderOf(events), undefined, "they are the newest");
    assert.deepEqual(outline(events), []);
  });

  test("checks nothing if nothing was added", async (t) => {
    const directory = await repository(t, first);
    const events = await verified(directory, since);
    assert.deepEqual(statesOf(events), {});
    assert.equal(events.at(-1)?.type, "verify.finished");
  });

  test("checks a migration whose down was changed, and warns of one whose up was", async (t) => {
    const directory = await repository(t, first);
    await write(directory, {
      "migrations/default/10_a/down.sql": "select 1",
      "migrations/default/20_b/up.sql": "create table b (id bigint)",
    });
    assert.deepEqual(outline(await verified(directory, since)), [
      "changed · 20_b/up.sql",
      "down-differs · 10_a/down.sql · table a is left over",
      "up-again-failed · 10_a/up.sql:1:1",
    ]);
  });

  test("does not count different line ends as a change if Git does not", async (t) => {
    const directory = await repository(t, { ...first, ".gitattributes": "*.sql text\n" });
    await write(directory, { "migrations/default/10_a/up.sql": table("a")[0] });
    assert.deepEqual(outline(await verified(directory, since)), []);
  });

  test("applies a branch's migrations after newer ones, including those added to main meanwhile", async (t) => {
    const directory = await repository(t, first);
    git(directory, "switch", "--quiet", "--create", "branch");
    await write(
      directory,
      migrations({ "15_c": ["create table c (id int); insert into b values (1)", "drop table c"] }),
    );
    commit(directory, "c");
    assert.deepEqual(outline(await verified(directory, since)), ["up-failed · 15_c/up.sql:1:38"]);
    await write(directory, migrations({ "15_c": table("c") }));
    commit(directory, "c is right");
    const events = await verified(directory, since);
    assert.equal(orderOf(events), "ok");
    git(directory, "switch", "--quiet", "main");
    await write(directory, migrations({ "30_d": ["create table c (id int)", "drop table c"] }));
    commit(directory, "d");
    git(directory, "switch", "--quiet", "branch");
    assert.deepEqual(outline(await verified(directory, since)), [
      "out-of-order-failed · 15_c/up.sql:1:1",
    ]);
  });

  /** What is found on a branch with one migration, after another one was added to main. */
  async function besides(t: TestContext, mine: Files, theirs: Files): Promise<readonly string[]> {
    const directory = await repository(t, first);
    git(directory, "switch", "--quiet", "--create", "branch");
    await write(directory, migrations(mine));
    commit(directory, "mine");
    git(directory, "switch", "--quiet", "main");
    await write(directory, migrations(theirs));
    commit(directory, "theirs");
    git(directory, "switch", "--quiet", "branch");
    return outline(await verified(directory, since));
  }

  test("distinguishes a migration that fails in the order of versions from one that fails out of order", async (t) => {
    const mine: Files = { "25_c": ["drop table if exists d", "select 1"] };
    const theirs: Files = {
      "22_d": table("d"),
      "30_e": ["alter table d add column x int", "alter table d drop column x"],
    };
    assert.deepEqual(await besides(t, mine, theirs), ["in-order-failed · 30_e/up.sql:1:1"]);
  });

  test("reports a migration of main that fails without the branch's", async (t) => {
    assert.deepEqual(await besides(t, { "15_c": table("c") }, { "30_d": ["select 1/0", ""] }), [
      "revision-failed · 30_d/up.sql:1:1",
    ]);
  });

  test("needs the extensions of main's migrations, too", async (t) => {
    const theirs: Files = { "30_d": ["create extension no_such_extension", "select 1"] };
    assert.equal(await codeOf(besides(t, { "15_c": table("c") }, theirs)), "extension-missing");
  });

  test("does not run migrations of main that change the whole server, either", async (t) => {
    const directory = await repository(t, first);
    git(directory, "switch", "--quiet", "--create", "branch");
    await write(directory, migrations({ "15_c": table("c") }));
    commit(directory, "c");
    git(directory, "switch", "--quiet", "main");
    await write(directory, migrations({ "30_d": ["alter system reset all", "select 1"] }));
    commit(directory, "d");
    git(directory, "switch", "--quiet", "branch");
    assert.equal(await codeOf(verified(directory, since)), "server-wide-statement");
  });

  test("lists what depends on the order", async (t) => {
    const directory = await repository(t, first);
    git(directory, "switch", "--quiet", "--create", "branch");
    await write(
      directory,
      migrations({
        "15_c": ["create or replace view v as select 1 as one", "drop view if exists v"],
        "16_d": ["alter table a add column x int", "alter table a drop x"],
      }),
    );
    git(directory, "stash", "--quiet", "--include-untracked");
    git(directory, "switch", "--quiet", "main");
    await write(
      directory,
      migrations({ "25_v": ["create or replace view v as select 2 as one", "drop view v"] }),
    );
    commit(directory, "v");
    git(directory, "switch", "--quiet", "branch");
    git(directory, "stash", "pop", "--quiet");
    const [found = ""] = outline(await verified(directory, since));
    assert.match(
      found,
      /^out-of-order-differs · 15_c\/up\.sql · view v: definition SELECT 1 AS one;, in order SELECT 2 AS one;$/,
    );
  });

  test("finds a version that two branches use", async (t) => {
    const directory = await repository(t, first);
    git(directory, "switch", "--quiet", "--create", "branch");
    await write(directory, migrations({ "30_mine": table("c") }));
    commit(directory, "mine");
    git(directory, "switch", "--quiet", "main");
    await write(directory, migrations({ "30_yours": table("d") }));
    commit(directory, "yours");
    git(directory, "switch", "--quiet", "branch");
    assert.deepEqual(outline(await verified(directory, since)), ["same-version · 30_mine/up.sql"]);
  });

  test("understands a project in a folder of the repository that the revision did not have, and a renamed migration", async (t) => {
    const directory = await repository(t, { "README.md": "x" });
    await write(`${directory}/hasura/api`, first);
    const events = await verified(`${directory}/hasura/api`, since);
    assert.deepEqual(statesOf(events), { 10: "ok", 20: "ok" });
    commit(directory, "project");
    await write(`${directory}/hasura/api`, migrations({ "10_other": table("a") }));
    await remove(`${directory}/hasura/api`, "migrations/default/10_a");
    assert.deepEqual(statesOf(await verified(`${directory}/hasura/api`, since)), {});
  });

  test("is refused without a repository, without the revision, and without a commit in common", async (t) => {
    const plain = await project(t, first);
    assert.equal(await codeOf(verified(plain, since)), "git-unusable");
    const directory = await repository(t, first);
    for (const revision of ["mian", "--all", "HEAD:migrations"])
      assert.equal(
        await codeOf(verified(directory, onSharedServer({ since: revision }))),
        "unknown-revision",
      );
    git(directory, "switch", "--quiet", "--orphan", "other");
    await write(directory, first);
    commit(directory, "other");
    assert.equal(await codeOf(verified(directory, since)), "no-common-commit");
    const clone = await freshDirectory(t);
    git(directory, "switch", "--quiet", "main");
    await write(directory, migrations({ "30_c": table("c") }));
    commit(directory, "c");
    git(clone, "clone", "--quiet", "--depth=1", `file://${directory}`, "shallow");
    git(`${clone}/shallow`, "fetch", "--quiet", "--depth=1", "origin", "other:other");
    assert.equal(
      await codeOf(verified(`${clone}/shallow`, onSharedServer({ since: "other" }))),
      "no-common-commit",
    );
  });
});

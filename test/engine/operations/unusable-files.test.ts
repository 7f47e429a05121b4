import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "vitest";
import { catalogStore } from "../../../src/engine/store/catalog/catalog-store.ts";
import { markHint } from "../../../src/engine/store/hints.ts";
import { projectOnDisk, requestFor, run } from "../support/run.ts";
import { scriptedHasura } from "../support/scripted-hasura.ts";

const applied = (...versions: string[]) => ({
  settings: { migration_mode: "true" },
  isStateCopyCompleted: true,
  migrations: { default: Object.fromEntries(versions.map((version) => [version, false])) },
});

const project = (files: Record<string, string | Uint8Array>) => ({
  "config.yaml": "version: 3\n",
  ...Object.fromEntries(
    Object.entries(files).map(([path, content]) => [`migrations/default/${path}`, content]),
  ),
});

const consoleComment = `-- Could not auto-generate a down migration.
-- Please write an appropriate down migration for the SQL below:
-- create table a(id int);
`;

describe("a down file without a statement", () => {
  const two = (down: string | Uint8Array) =>
    project({
      "1_a/up.sql": "create table a();",
      "1_a/down.sql": down,
      "2_b/up.sql": "create table b();",
      "2_b/down.sql": "drop table b;",
    });

  for (const [name, down] of [
    ["comments", consoleComment],
    ["blanks", " \n\t\n"],
    ["a semicolon", ";"],
    ["a block comment and a byte order mark", "\uFEFF/* drop table a; */"],
  ] as const)
    for (const [operation, options] of [
      ["down", { all: true }],
      ["down", { all: true, dryRun: true }],
      ["down", { only: "1" }],
    ] as const)
      test(`${operation} ${JSON.stringify(options)} refuses ${name} before anything runs`, async (t) => {
        const hasura = scriptedHasura({ cliState: applied("1", "2") });
        const ran = await run(
          hasura,
          await projectOnDisk(t, two(down)),
          requestFor(operation, options),
        );
        assert.ok(ran.failure?.code === "empty-down-file" && ran.failure.kind === "usage");
        assert.match(ran.failure.message, /migrations\/default\/1_a\/down\.sql/);
        const target = { environment: "dev-3", database: "default", versions: ["1"] };
        assert.deepEqual(
          ran.failure.hints[1],
          markHint(target, "pending", "if there is nothing to undo"),
        );
        assert.deepEqual([hasura.sent, hasura.cliState], [[], applied("1", "2")]);
      });

  test("redo refuses it before anything runs", async (t) => {
    const hasura = scriptedHasura({ cliState: applied("1") });
    const root = await projectOnDisk(t, two(consoleComment));
    const ran = await run(hasura, root, requestFor("redo"));
    assert.equal(ran.failure?.code, "empty-down-file");
    assert.deepEqual([hasura.sent, hasura.cliState], [[], applied("1")]);
  });

  test("a file that loses its statements after the plan was made is not a rollback either", async (t) => {
    const hasura = scriptedHasura({ cliState: applied("1") });
    const root = await projectOnDisk(t, two("drop table a;"));
    const ran = await run(hasura, root, requestFor("down"), {
      emit: async (event) => {
        if (event.type === "plan")
          await writeFile(join(root, "migrations/default/1_a/down.sql"), consoleComment);
      },
    });
    assert.equal(ran.failure?.code, "empty-down-file");
    assert.deepEqual(hasura.cliState, applied("1"));
  });

  test("SELECT 1 is a deliberate rollback that does nothing", async (t) => {
    const hasura = scriptedHasura({ cliState: applied("1") });
    const root = await projectOnDisk(t, two(`${consoleComment}SELECT 1;`));
    const ran = await run(hasura, root, requestFor("down"));
    assert.deepEqual([ran.failure, hasura.cliState], [undefined, applied()]);
  });
});

describe("a file that ends inside a text", () => {
  const contents: [string, string, RegExp | undefined][] = [
    [
      "a quote",
      "select 1;\n\nselect 'it's';\n",
      /up\.sql, line 3: the string in single quotes that/,
    ],
    [
      "dollar quotes",
      "do $body$ begin end $bod$;",
      /line 1: the string in \$body\$ that begins here/,
    ],
    [
      "a comment",
      "select 1;\n/* /* a */\n",
      /line 2: the comment \/\* that begins here never ends/,
    ],
    ["a name", 'create table "a (id int);', /line 1: the name in double quotes that begins/],
    ["nothing with backslashes as escapes", "select 'it\\'s';", undefined],
    ["nothing but the data of a COPY", "copy a from stdin;\nit's\n\\.\n", undefined],
  ];
  for (const [name, sql, message] of contents)
    for (const options of [{}, { dryRun: true }, { only: "2" }])
      test(`${name}: ${JSON.stringify(options)} ${message ? "is refused" : "is left to the database"}`, async (t) => {
        const hasura = scriptedHasura({});
        const files = { "1_a/up.sql": "select 1;", "1_a/down.sql": "select 1;", "2_b/up.sql": sql };
        const root = await projectOnDisk(t, project(files));
        const ran = await run(hasura, root, requestFor("apply", options));
        assert.equal(ran.failure?.code, message && "unfinished-text");
        assert.match(ran.failure?.message ?? "", message ?? /^$/);
        assert.equal(hasura.sent.length > 0, !message && !("dryRun" in options));
      });

  for (const [kind, sql] of [
    ["mssql", "select 1 as [it's];"],
    ["bigquery", "# it's a comment\nselect 1;"],
  ] as const)
    test(`a file for ${kind} is left to the database, which reads quotes and comments differently`, async (t) => {
      const hasura = scriptedHasura({ sources: [{ name: "default", kind }] });
      const root = await projectOnDisk(t, project({ "1_a/up.sql": sql }));
      const ran = await run(hasura, root, requestFor("apply"));
      assert.deepEqual([ran.failure, hasura.sent.length], [undefined, 1]);
    });

  test("a file that is only recorded is left alone, and one that rolls back is refused", async (t) => {
    const files = { "1_a/up.sql": "select 1;", "1_a/down.sql": "select 'a;" };
    const root = await projectOnDisk(t, project(files));
    const applying = await run(scriptedHasura({}), root, requestFor("apply"));
    assert.equal(applying.failure, undefined);
    const down = await run(scriptedHasura({ cliState: applied("1") }), root, requestFor("down"));
    assert.equal(down.failure?.code, "unfinished-text");
  });
});

describe("a file whose text no database can store", () => {
  const utf16 = (text: string): Uint8Array => Buffer.from(text, "utf16le");
  const contents: [string, string | Uint8Array, string, RegExp][] = [
    ["a NUL character", "create table a();\n-- \0\nselect 1;", "nul-character", /, line 2: /],
    ["UTF-16 without a mark", utf16("drop table a;\n"), "not-utf8", /UTF-16LE, not UTF-8/],
    ["UTF-16 with a mark", utf16("\uFEFFdrop table a;"), "not-utf8", /UTF-16LE, not UTF-8/],
    ["Latin-1", Buffer.from("-- caf\xe9\nselect 1;", "latin1"), "not-utf8", /not valid UTF-8/],
  ];
  const keepsDownSql: typeof catalogStore = (database, context) => ({
    ...catalogStore(database, context),
    keepsDownSql: true,
  });

  for (const [name, content, code, message] of contents) {
    for (const [file, operation, options] of [
      ["2_b/up.sql", "apply", {}],
      ["2_b/up.sql", "apply", { dryRun: true }],
      ["2_b/up.sql", "plan", {}],
      ["2_b/down.sql", "apply", {}],
      ["0_z/down.sql", "down", { all: true }],
    ] as const)
      test(`${operation} ${JSON.stringify(options)} refuses ${name} in ${file} before anything runs`, async (t) => {
        const hasura = scriptedHasura({ cliState: applied("0") });
        const root = await projectOnDisk(
          t,
          project({
            "0_z/up.sql": "select 0;",
            "0_z/down.sql": "select 0;",
            "1_a/up.sql": "select 1;",
            "2_b/up.sql": "select 2;",
            [file]: content,
          }),
        );
        const ran = await run(hasura, root, requestFor(operation, options), {
          openStore: keepsDownSql,
        });
        assert.equal(ran.failure?.code, code);
        assert.match(ran.failure.message, message);
        assert.ok(ran.failure.message.includes(file));
        assert.deepEqual([hasura.sent, hasura.cliState], [[], applied("0")]);
      });

    test(`status, mark and the roll back of an applied version work in spite of ${name} in its up file`, async (t) => {
      const root = await projectOnDisk(
        t,
        project({ "1_a/up.sql": content, "1_a/down.sql": "select 1;" }),
      );
      const hasura = scriptedHasura({ cliState: applied("1") });
      const openStore: typeof catalogStore = (database, context) => ({
        ...catalogStore(database, context),
        read: () => Promise.resolve(new Map([["1", { state: "applied", checksum: "other" }]])),
      });
      const status = await run(hasura, root, requestFor("status"), { openStore });
      assert.equal(status.of("status")[0]?.databases[0]?.migrations[0]?.state, "changed");
      for (const [operation, options] of [
        ["down", {}],
        ["mark", { versions: ["1"], as: "applied" }],
      ] as const)
        assert.equal((await run(hasura, root, requestFor(operation, options))).failure, undefined);
    });
  }
});

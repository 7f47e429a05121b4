import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { emptyDirectory, instant, testContext } from "../../support/test-context.ts";

const layouts: readonly {
  name: string;
  files: Record<string, string>;
  argv?: string[];
  makes: string;
}[] = [
  {
    name: "no project, one is asked for",
    files: {},
    argv: ["--migrations", "db"],
    makes: "db/migrations/default",
  },
  {
    name: "no project, asked for here",
    files: {},
    argv: ["--migrations", "."],
    makes: "migrations/default",
  },
  {
    name: "a new migrations directory",
    files: {},
    argv: ["--migrations", "migrations"],
    makes: "migrations/default",
  },
  {
    name: "a bare migrations directory",
    files: { "steps/1_a/up.sql": "select 1;" },
    argv: ["--migrations", "steps"],
    makes: "steps",
  },
  {
    name: "a configuration whose migrations directory is not there yet",
    files: { "config.yaml": "version: 3\nmigrations_directory: db\n" },
    makes: "db/default",
  },
  {
    name: "config version 3",
    files: { "config.yaml": "version: 3\n", "migrations/default/1_a/up.sql": "" },
    makes: "migrations/default",
  },
  {
    name: "another database",
    files: { "config.yaml": "version: 3\n", "migrations/default/1_a/up.sql": "" },
    argv: ["--database", "audit"],
    makes: "migrations/audit",
  },
  {
    name: "config version 2",
    files: { "config.yaml": "version: 2\n", "migrations/1_a/up.sql": "" },
    makes: "migrations",
  },
  {
    name: "a project inside migrations/",
    files: {
      "migrations/config.yaml": "version: 3\nmigrations_directory: .\n",
      "migrations/default/1_a/up.sql": "",
    },
    makes: "migrations/default",
  },
];

describe("new", () => {
  for (const { name, files, argv = [], makes } of layouts) {
    test(`new creates the directory where the Hasura CLI would: ${name}`, async (t) => {
      const cwd = emptyDirectory(t);
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(join(cwd, path, ".."), { recursive: true });
        writeFileSync(join(cwd, path), text);
      }
      const context = testContext(t, {
        argv: ["new", "add order notes", ...argv, "--sql", "select 1;"],
        cwd,
      });
      assert.equal(await main(context), 0, context.err.text);
      const directory = join(cwd, makes, `${instant}_add_order_notes`);
      assert.equal(context.out.text, `${directory}\n`);
      assert.deepEqual(readdirSync(directory).sort(), ["down.sql", "up.sql"]);
      assert.equal(readFileSync(join(directory, "up.sql"), "utf8"), "select 1;\n");
      assert.equal(readFileSync(join(directory, "down.sql"), "utf8"), "");
    });
  }

  for (const below of ["src/deep", "migrations", "migrations/default", "migrations/default/1_a"])
    test(`new looks upwards for the project, from ${below}`, async (t) => {
      const root = emptyDirectory(t);
      for (const directory of [".git", "migrations/default/1_a", below])
        mkdirSync(join(root, directory), { recursive: true });
      const context = testContext(t, { argv: ["new", "x"], cwd: join(root, below) });
      assert.equal(await main(context), 0, context.err.text);
      assert.equal(context.out.text, `${join(root, "migrations/default", `${instant}_x`)}\n`);
    });

  test("new creates no project unless asked to, and does not look outside the repository", async (t) => {
    const root = emptyDirectory(t);
    mkdirSync(join(root, "migrations"));
    const cwd = join(root, "other");
    mkdirSync(join(cwd, ".git"), { recursive: true });
    const context = testContext(t, { argv: ["new", "x"], cwd });
    assert.equal(await main(context), 2);
    assert.match(context.err.text, /There is no Hasura project in .* or above it/);
    assert.match(context.err.text, /hasura-migrate new x --migrations \.\/hasura/);
    assert.deepEqual(readdirSync(cwd), [".git"]);
  });

  for (const [name, makes] of [
    ['set score > 5: "x"?', "set_score_5_x"],
    ["add a,line=99: x", "add_a,line=99_x"],
    ["ends with a dot. ", "ends_with_a_dot"],
    ["red \u001b[31m text", "red_[31m_text"],
    ["a\u202eb\u2028c\u0085d", "a_b_c_d"],
    ["aux", "aux"],
    ["über 🎉", "über_🎉"],
    ["u\u0308ber", "über"],
  ] as const)
    test(`new turns into a portable name: ${JSON.stringify(name)}`, async (t) => {
      const context = testContext(t, { argv: ["new", name, "--migrations", "."] });
      assert.equal(await main(context), 0, context.err.text);
      assert.deepEqual(readdirSync(join(context.cwd, "migrations/default")), [
        `${instant}_${makes}`,
      ]);
    });

  for (const database of ["con", "AUX.x", "a:b", "a\u001b", "a.", "..", "a/b", "lpt1"])
    test(`new refuses the database name ${JSON.stringify(database)}`, async (t) => {
      const argv = ["new", "x", "--database", database, "--migrations", "."];
      const context = testContext(t, { argv });
      assert.equal(await main(context), 2);
      assert.match(context.err.text, /is not a valid database name/);
    });

  test("new explains that empty migrations are ignored, only to a person", async (t) => {
    for (const [argv, says] of [
      [[], "Created. Add SQL to up.sql (empty migrations are ignored).\n"],
      [["--sql", "select 1;"], ""],
      [["--json"], ""],
      [["--quiet"], ""],
    ] as const) {
      const context = testContext(t, { argv: ["new", "x", "--migrations", ".", ...argv] });
      assert.equal(await main(context), 0);
      assert.equal(context.err.text, says);
    }
  });

  for (const [name, problem] of [
    ["", "it is empty"],
    [" \t\n ", "it is empty"],
    ["../up", "it is used as a directory name, so it cannot contain a slash"],
    ["a/b", "it is used as a directory name, so it cannot contain a slash"],
    ["a\\b", "it is used as a directory name, so it cannot contain a slash"],
    ["..", "it is used as a directory name, so it cannot start with a dot"],
    [" .a", "it is used as a directory name, so it cannot start with a dot"],
    ["???", "it has neither letters nor digits"],
    ["_", "it has neither letters nor digits"],
    ["! - !", "it has neither letters nor digits"],
    ["x".repeat(121), "it is longer than 120 bytes"],
  ] as const) {
    test(`new refuses the name ${JSON.stringify(name)}: ${problem}`, async (t) => {
      const context = testContext(t, { argv: ["new", name] });
      assert.equal(await main(context), 2);
      const message = context.err.text.split("\n  →")[0]?.replaceAll(/\s+/g, " ") ?? "";
      assert.ok(message.endsWith(`is not a valid migration name: ${problem}.`), message);
      assert.match(context.err.text, /hasura-migrate new add_order_notes/);
      assert.deepEqual(readdirSync(context.cwd), []);
    });
  }
});

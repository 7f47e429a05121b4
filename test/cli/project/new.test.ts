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
  { name: "nothing yet", files: {}, makes: "migrations/default" },
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
    test(`new makes a directory where the Hasura CLI would: ${name}`, async (t) => {
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

  test("new says that an empty migration does not count yet, to a person only", async (t) => {
    for (const [argv, says] of [
      [[], "Created. Add SQL to up.sql (empty migrations are ignored).\n"],
      [["--sql", "select 1;"], ""],
      [["--json"], ""],
      [["--quiet"], ""],
    ] as const) {
      const context = testContext(t, { argv: ["new", "x", ...argv] });
      assert.equal(await main(context), 0);
      assert.equal(context.err.text, says);
    }
  });

  for (const name of ["../up", "", "..", "a/b"]) {
    test(`new refuses the name "${name}"`, async (t) => {
      const context = testContext(t, { argv: ["new", name] });
      assert.equal(await main(context), 2);
      assert.match(context.err.text, /is not a valid migration name/);
      assert.deepEqual(readdirSync(context.cwd), []);
    });
  }
});

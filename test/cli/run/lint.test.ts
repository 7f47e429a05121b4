import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, test, type TestContext } from "vitest";
import * as z from "zod";
import { main } from "../../../src/cli/main.ts";
import { testContext } from "../../support/test-context.ts";

const sample = fileURLToPath(new URL("../../../migrations", import.meta.url));

/** Writes files below a directory, by their paths. */
function write(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
}

const create = {
  "config.yaml": "version: 3\n",
  "migrations/default/1_create/up.sql": "CREATE TABLE orders (id bigint, amount int);\n",
  "migrations/default/1_create/down.sql": "DROP TABLE orders;\n",
};
const change = {
  "migrations/default/2_change/up.sql":
    "-- What it is\nALTER TABLE orders\n  ALTER COLUMN amount TYPE bigint;\nCREATE INDEX i ON orders (id);\n",
  "migrations/default/2_change/down.sql": "DROP INDEX i;\n",
};

async function lint(
  t: TestContext,
  args: readonly string[],
  files: Readonly<Record<string, string>> = { ...create, ...change },
  env: Record<string, string> = {},
) {
  const context = testContext(t, { argv: ["lint", ...args], env });
  write(context.cwd, files);
  const code = await main(context);
  return { code, out: context.out.text, err: context.err.text, cwd: context.cwd };
}

const findingsOf = (out: string) =>
  out
    .trim()
    .split("\n")
    .map((line) => z.looseObject({ type: z.string() }).parse(JSON.parse(line)));

describe("lint", () => {
  test("shows each finding with its line, and exits with 6 for an error", async (t) => {
    const { code, out } = await lint(t, []);
    assert.equal(code, 6);
    assert.equal(
      out,
      `✗ migrations/default/2_change/up.sql:3:16  type-rewrite
    3 │   ALTER COLUMN amount TYPE bigint;
      │                ^
      │ Changing amount from integer to bigint rewrites orders and its indexes, and blocks reads and
      │ writes while it runs.
  → Add a column of the new type, write both, fill the old rows in batches, then switch over and
    drop the old column.

! migrations/default/2_change/up.sql:4:1  index-blocks-writes
    4 │ CREATE INDEX i ON orders (id);
      │ ^ Building the index blocks writes to orders.
  → CREATE INDEX CONCURRENTLY, as the only statement of a file that begins with --
    hasura:no-transaction.

1 error, 1 warning
`,
    );
  });

  test("finds nothing in the sample project", async (t) => {
    const { code, out, err } = await lint(t, [sample], {});
    assert.deepEqual([code, out], [0, ""]);
    assert.match(err, /^\d+ migrations checked: no findings\n$/);
  });

  test("exits with 0 for warnings, and with 6 if it is strict", async (t) => {
    const files = { ...create, "migrations/default/2_x/up.sql": "DROP TABLE orders;" };
    assert.equal((await lint(t, [], files)).code, 0);
    assert.equal((await lint(t, ["--strict"], files)).code, 6);
  });

  test("takes severities from the configuration", async (t) => {
    const rules = { "type-rewrite": "info", "index-blocks-writes": "off" };
    const config = { "hasura-migrate.json": JSON.stringify({ lint: { rules } }) };
    const { code, out } = await lint(t, ["--json"], { ...create, ...change, ...config });
    assert.equal(code, 0);
    assert.deepEqual(
      findingsOf(out).map(({ rule, severity, infos }) => [rule, severity, infos]),
      [
        ["type-rewrite", "info", undefined],
        [undefined, undefined, 1],
      ],
    );
  });

  test("refuses a rule, a severity or a key of the configuration that does not exist", async (t) => {
    for (const [setting, message] of [
      [{ rules: { renames: "off" } }, "lint.rules.renames: unknown key. Did you mean"],
      [{ rules: { rename: "fatal" } }, "must be one of off, info, warning, error"],
      [{ rule: {} }, "unknown key."],
    ] as const) {
      const config = { "hasura-migrate.json": JSON.stringify({ lint: setting }) };
      const { code, err } = await lint(t, [], { ...create, ...config });
      assert.deepEqual([code, err.includes(message)], [2, true], err);
    }
  });

  test("prints a line of JSON for each finding, and the counts", async (t) => {
    const [first, second, last] = findingsOf((await lint(t, ["--json"])).out);
    assert.deepEqual(first, {
      type: "lint.finding",
      rule: "type-rewrite",
      severity: "error",
      file: "migrations/default/2_change/up.sql",
      line: 3,
      column: 16,
      statement: "ALTER TABLE orders\n  ALTER COLUMN amount TYPE bigint",
      message:
        "Changing amount from integer to bigint rewrites orders and its indexes, and blocks reads and writes while it runs.",
      safeWay:
        "Add a column of the new type, write both, fill the old rows in batches, then switch over and drop the old column.",
      table: "orders",
      lock: {
        table: "orders",
        mode: "ACCESS EXCLUSIVE",
        effect: "rewrite",
        blocks: "reads and writes",
      },
    });
    assert.equal(second?.["rule"], "index-blocks-writes");
    assert.deepEqual(last, {
      type: "lint.finished",
      migrations: 2,
      errors: 1,
      warnings: 1,
      infos: 0,
      exit: 6,
    });
  });

  test("prints annotations with paths from the root of the repository", async (t) => {
    const context = testContext(t, { argv: ["lint", "hasura", "--github"] });
    write(context.cwd, { ".git/HEAD": "ref: refs/heads/main\n" });
    write(join(context.cwd, "hasura"), { ...create, ...change });
    assert.equal(await main(context), 6);
    assert.deepEqual(
      context.out.text
        .trim()
        .split("\n")
        .map((line) => line.slice(0, line.indexOf("::", 3))),
      [
        "::error file=hasura/migrations/default/2_change/up.sql,line=3,col=16,title=hasura-migrate lint%3A type-rewrite",
        "::warning file=hasura/migrations/default/2_change/up.sql,line=4,col=1,title=hasura-migrate lint%3A index-blocks-writes",
      ],
    );
  });

  test("a file's name cannot forge an annotation", async (t) => {
    const name = "migrations/default/2_a,line=9::b%0A::error::c/up.sql";
    const { out } = await lint(t, ["--github"], { ...create, [name]: "DROP TABLE orders;" });
    for (const line of out.trim().split("\n"))
      assert.match(line, /^::warning file=[^,:]+,line=1,col=1,title=[^,:]+::/);
  });

  test("annotates in a job of GitHub Actions, besides the text", async (t) => {
    const { out, err } = await lint(t, [], undefined, { GITHUB_ACTIONS: "true" });
    assert.match(out, /type-rewrite/);
    assert.match(err, /^::error file=/m);
  });

  test("prints SARIF", async (t) => {
    const { code, out } = await lint(t, ["--sarif"]);
    assert.equal(code, 6);
    const { version, runs } = Sarif.parse(JSON.parse(out));
    assert.equal(version, "2.1.0");
    const [run] = runs;
    const [result] = run?.results ?? [];
    assert.ok(run && result);
    assert.deepEqual([result.ruleId, result.level], ["type-rewrite", "error"]);
    assert.equal(run.tool.driver.rules[result.ruleIndex]?.id, "type-rewrite");
    assert.deepEqual(result.locations[0]?.physicalLocation, {
      artifactLocation: { uri: "migrations/default/2_change/up.sql" },
      region: { startLine: 3, startColumn: 16 },
    });
  });

  test("reports a file that cannot be sent to Hasura, and checks the others", async (t) => {
    const files = {
      ...create,
      "migrations/default/2_bad/up.sql": "-- hasura-migrate: lock_timeout=soon\nSELECT 1;",
      "migrations/default/3_nul/up.sql": "SELECT '\0';",
      ...{ "migrations/default/4_drop/up.sql": "DROP TABLE orders;" },
    };
    const findings = findingsOf((await lint(t, ["--json"], files)).out);
    assert.deepEqual(
      findings.filter(({ rule }) => rule !== "missing-down").map(({ rule, file }) => [rule, file]),
      [
        ["unreadable-file", "migrations/default/2_bad/up.sql"],
        ["unreadable-file", "migrations/default/3_nul/up.sql"],
        ["drop-data", "migrations/default/4_drop/up.sql"],
        [undefined, undefined],
      ],
    );
  });

  test("checks one database", async (t) => {
    const files = { ...create, ...change, "migrations/other/1_x/up.sql": "BROKEN;" };
    assert.match((await lint(t, ["--database", "other"], files)).out, /syntax-error/);
    assert.doesNotMatch((await lint(t, ["--database", "default"], files)).out, /syntax-error/);
    const refused = await lint(t, ["--database", "third"], files);
    assert.equal(refused.code, 2);
    assert.match(
      refused.err,
      /no database third in the project[^]*Databases in the project: default, other/,
    );
  });

  test("suggests the rule that a misspelt directive means", async (t) => {
    const { code, out } = await lint(t, [], {
      "migrations/default/1_a/up.sql":
        "-- hasura-migrate: allow mising-down because nothing to undo\nSELECT 1;",
    });
    assert.equal(code, 6);
    assert.match(out, /There is no rule mising-down\. Did you mean "missing-down"\?/);
  });

  test("needs a project", async (t) => {
    const { code, err } = await lint(t, ["--strict"], {});
    assert.equal(code, 2);
    assert.match(err, /There is no Hasura project in .* hasura-migrate lint --strict DIRECTORY\n/s);
    const named = await lint(t, ["frontend"], { ...create, "frontend/readme.md": "" });
    assert.equal(named.code, 2);
    assert.match(
      named.err,
      /There is no Hasura project in .*frontend: .*→ Pass the directory of a project\./s,
    );
  });

  test("accepts one format", async (t) => {
    for (const pair of [
      ["--json", "--sarif"],
      ["--json", "--github"],
      ["--github", "--sarif"],
    ])
      assert.equal((await lint(t, pair)).code, 2);
  });
});

describe("lint --since", () => {
  const git = (cwd: string, ...args: string[]) =>
    execFileSync(
      "git",
      [
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.com",
        "-c",
        "init.defaultBranch=main",
        ...args,
      ],
      { cwd, stdio: "pipe" },
    );

  test("checks what the branch adds, taking earlier migrations into account", async (t) => {
    const context = testContext(t, { argv: ["lint", "--since", "main", "--json"] });
    const bad = {
      "migrations/default/1_old/up.sql": "CREATE TABLE orders (amount int); DROP TABLE gone;",
    };
    write(context.cwd, { "config.yaml": "version: 3\n", ...bad });
    git(context.cwd, "init", "-q");
    git(context.cwd, "add", ".");
    git(context.cwd, "commit", "-qm", "start");
    git(context.cwd, "checkout", "-qb", "branch");
    write(context.cwd, {
      "migrations/default/2_add/up.sql": "CREATE TABLE n (a int);",
      "migrations/default/2_add/down.sql": "DROP TABLE n;",
    });
    git(context.cwd, "add", ".");
    git(context.cwd, "commit", "-qm", "add");
    // Not committed.
    write(context.cwd, {
      "migrations/default/3_more/up.sql":
        "CREATE INDEX i ON n (a); ALTER TABLE orders ALTER COLUMN amount TYPE bigint;",
      "migrations/default/3_more/down.sql": "SELECT 1;",
    });
    assert.equal(await main(context), 6);
    assert.deepEqual(
      findingsOf(context.out.text).map(({ type, rule, file }) => [type, rule, file]),
      [
        ["lint.finding", "type-rewrite", "migrations/default/3_more/up.sql"],
        ["lint.finished", undefined, undefined],
      ],
    );
  });

  test("does not read the present state of the revision", async (t) => {
    const context = testContext(t, { argv: ["lint", "--since", "main", "--json"] });
    write(context.cwd, create);
    git(context.cwd, "init", "-q");
    git(context.cwd, "add", ".");
    git(context.cwd, "commit", "-qm", "start");
    git(context.cwd, "checkout", "-qb", "branch");
    git(context.cwd, "checkout", "-q", "main");
    write(context.cwd, { "config.yaml": "version: 99\n" });
    git(context.cwd, "commit", "-qam", "a version that is not known");
    git(context.cwd, "checkout", "-q", "branch");
    write(context.cwd, change);
    assert.equal(await main(context), 6);
    assert.deepEqual(
      findingsOf(context.out.text).map(({ rule }) => rule),
      ["type-rewrite", "index-blocks-writes", undefined],
    );
  });

  test("names a revision that does not exist", async (t) => {
    const context = testContext(t, { argv: ["lint", "--since", "nowhere"] });
    write(context.cwd, create);
    git(context.cwd, "init", "-q");
    assert.equal(await main(context), 2);
    assert.match(context.err.text, /has no revision "nowhere"/);
  });
});

const Sarif = z.object({
  version: z.string(),
  runs: z.array(
    z.object({
      tool: z.object({ driver: z.object({ rules: z.array(z.object({ id: z.string() })) }) }),
      results: z.array(
        z.object({
          ruleId: z.string(),
          ruleIndex: z.number(),
          level: z.string(),
          locations: z.array(z.object({ physicalLocation: z.unknown() })),
        }),
      ),
    }),
  ),
});

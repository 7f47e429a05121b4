import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "vitest";
import { main } from "../../src/cli/main.ts";
import { builtCli } from "../support/cli-process.ts";
import { serverUrl } from "../support/postgres.ts";
import { testContext } from "../support/test-context.ts";
import { migrations, project, repository } from "./support/verified.ts";

const wrong = migrations({
  "1_a": ["create table a (id int);\n", "drop table a"],
  "2_b": ["create index a_id on a (id)", "select 1"],
  "3_c": ["select 1;\nselect nothing\x1b[31m;"],
});

function lastObject(text: string): Record<string, unknown> {
  return JSON.parse(text.trimEnd().split("\n").at(-1) ?? "{}") as Record<string, unknown>;
}

describe("hasura-migrate verify", () => {
  test("prints rows, findings below them, and a sum; the exit code is that of a failed migration", async (t) => {
    const directory = await project(t, wrong);
    const context = testContext(t, { argv: ["verify", directory, "--database-url", serverUrl()] });
    assert.equal(await main(context), 1);
    const text = context.out.text.replaceAll(/ {2}\d+ ms$/gm, "");
    assert.equal(
      text.replace(/ in \d+ ms\n$/, "\n"),
      `✓ 1  a
✗ 2  b
    migrations/default/2_b/down.sql does not restore the schema.
      index a_id is left over
    migrations/default/2_b/up.sql fails when it is applied again after migrations/default/2_b/down.sql.
    migrations/default/2_b/up.sql:1
      1 │ create index a_id on a (id)
        │ ^ 42P07 relation "a_id" already exists
✗ 3  c
    migrations/default/3_c/up.sql:2
      2 │ select nothing␛[31m;
        │               ^ 42601 syntax error at or near "\u241b"
1 of 3 verified, 3 errors
`.replace("\u241b", "␛"),
    );
    assert.match(context.err.text, /^PostgreSQL \S+ at .*\ndefault: 3 migrations\n$/);
    assert.doesNotMatch(context.err.text, new RegExp(new URL(serverUrl()).password));
  });

  test("prints one JSON object on each line, the last with the exit code", async (t) => {
    const directory = await project(t, wrong);
    const argv = ["verify", directory, "--database-url", serverUrl(), "--json"];
    const context = testContext(t, { argv });
    assert.equal(await main(context), 1);
    const types = context.out.text
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { type: string }).type);
    assert.deepEqual(types, [
      "verify.started",
      ...Array.from({ length: 3 }, () => "verify.migration"),
      "verify.finished",
    ]);
    assert.deepEqual(lastObject(context.out.text)["exit"], 1);
    assert.equal(context.err.text, "");
  });

  test("counts warnings as errors with --strict only", async (t) => {
    const directory = await project(t, migrations({ "1_a": ["select 1"] }));
    const argv = ["verify", directory, "--database-url", serverUrl()];
    assert.equal(await main(testContext(t, { argv })), 0);
    assert.equal(await main(testContext(t, { argv: [...argv, "--strict"] })), 1);
  });

  test("annotates files in GitHub Actions, and adds a table to the page of the job", async (t) => {
    const directory = await repository(t, wrong);
    const page = join(directory, "page.md");
    const context = testContext(t, {
      argv: ["verify", "--database-url", serverUrl()],
      cwd: directory,
      env: { GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: page },
    });
    assert.equal(await main(context), 1);
    const commands = context.err.text.split("\n").filter((line) => line.startsWith("::"));
    assert.match(
      commands[0] ?? "",
      /^::error file=migrations\/default\/2_b\/down\.sql,title=hasura-migrate verify::.*%0Aindex a_id is left over$/,
    );
    assert.match(commands[2] ?? "", /^::error file=migrations\/default\/3_c\/up\.sql,line=2,/);
    assert.match(
      await readFile(page, "utf8"),
      /^### hasura-migrate verify\n[^]*\| ✗ \| migrations\/default\/2\\_b\/down\.sql \|/,
    );
  });

  test("is refused without a project, and with options that contradict each other", async (t) => {
    const nothing = testContext(t, { argv: ["verify"] });
    assert.equal(await main(nothing), 2);
    assert.match(nothing.err.text, /There is no Hasura project in/);
    for (const options of [
      ["--throwaway"],
      ["--database-url", "postgres://u@h/d", "--superuser"],
      ["--database-url", "postgres://u@h/d", "--postgres-bin", "/x"],
      ["--database-url", "http://h"],
    ])
      assert.equal(
        await main(testContext(t, { argv: ["verify", ...options] })),
        2,
        options.join(" "),
      );
    const empty = await project(t, { "README.md": "x" });
    const readme = testContext(t, { argv: ["verify", empty, "--database-url", serverUrl()] });
    assert.equal(await main(readme), 2);
  });

  test("leaves neither server nor files behind when its process group gets Ctrl-C", async (t) => {
    const directory = await project(t, migrations({ "1_a": ["select pg_sleep(600)"] }));
    const child = spawn(process.execPath, [await builtCli(), "verify"], {
      cwd: directory,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
    child.stderr.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      if (text.includes("default: 1 migration") && child.pid) process.kill(-child.pid, "SIGINT");
    });
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    assert.equal(code, 130, text);
    assert.match(text, /Interrupted; the databases of this run have been removed\./);
    const processes = execFileSync("ps", ["-A", "-o", "args="], { encoding: "utf8" });
    assert.doesNotMatch(processes, new RegExp(`hasura-migrate-once-${child.pid ?? 0}-`));
  });
});

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { freshDirectory, query } from "../support/postgres.ts";
import { bin, environmentOf, eventsOf } from "./support/cli.ts";
import { project, serve } from "./support/environment.ts";

const files = {
  "1700000000100_orders": {
    up: "CREATE TABLE orders (id integer PRIMARY KEY, note text); INSERT INTO orders VALUES (1, 'a'), (2, NULL), (3, '');",
  },
};

describe("sql", () => {
  test("prints rows as a table, CSV and JSON, records who asked, and refuses what could write", async (t) => {
    const served = await serve(t, await project(t, files));
    assert.equal((await served.run(["dev-1"])).code, 0);
    const sql = "SELECT * FROM orders ORDER BY id -- all";

    const table = await served.run(["sql", "dev-1", sql]);
    assert.deepEqual(
      [table.code, table.stdout],
      [0, "id  note\n──  ────\n 1  a\n 2  NULL\n 3  ''\n"],
      table.stderr,
    );
    assert.match(table.stderr, /3 rows/);

    const csv = await served.run(["sql", "dev-1", sql, "--csv"]);
    assert.deepEqual([csv.code, csv.stdout], [0, 'id,note\n1,a\n2,\n3,""\n']);

    const json = eventsOf(await served.run(["sql", "dev-1", sql, "--json", "--limit", "2"]));
    const [rows] = json.flatMap((event) => (event.type === "rows" ? [event] : []));
    assert.deepEqual(
      [rows?.columns, rows?.rows, rows?.cut],
      [
        ["id", "note"],
        [
          ["1", "a"],
          ["2", null],
        ],
        "rows",
      ],
    );

    const refused = await served.run([
      "sql",
      "dev-1",
      "SELECT 1;\nCOMMIT; INSERT INTO orders VALUES (4)",
    ]);
    assert.deepEqual([refused.code, refused.stdout], [2, ""]);
    assert.match(refused.stderr, /second statement/);
    assert.match(refused.stderr, /2 │ COMMIT; INSERT/);
    assert.deepEqual(await query(served.databaseUrl, "SELECT count(*)::int AS n FROM orders"), [
      { n: 3 },
    ]);

    const history = eventsOf(await served.run(["history", "dev-1", "--json"]));
    const runs = history.flatMap((event) => (event.type === "history" ? event.runs : []));
    assert.deepEqual(
      runs.map(({ operation, outcome, statement }) => [operation, outcome, statement]),
      [
        ...Array.from({ length: 3 }, () => [
          "sql",
          "finished",
          createHash("sha256").update(sql).digest("hex"),
        ]),
        ["apply", "finished", undefined],
      ],
    );
    const operations = async (...options: string[]) =>
      eventsOf(await served.run(["history", "dev-1", "--json", ...options])).flatMap((event) =>
        event.type === "history"
          ? [event.runs.map(({ operation }) => operation), event.queries]
          : [],
      );
    assert.deepEqual(await operations("--no-queries"), [["apply"], 3]);
    const lines = async (...options: string[]) =>
      (await served.run(["history", "dev-1", ...options])).stdout.trimEnd().split("\n");
    assert.deepEqual((await lines()).slice(2), ["3 queries are not listed; --queries lists them"]);
    assert.equal((await lines("--queries")).filter((line) => line.includes("  sql  ")).length, 3);
    // Neither the statement nor a row is in the function's log.
    const logged = served.server.stdout + served.server.stderr;
    assert.doesNotMatch(logged, /FROM orders ORDER BY/);
  });

  test("reads the statement from a file and from standard input, and exports a long value whole", async (t) => {
    const served = await serve(t, await project(t, files));
    const directory = await freshDirectory(t);
    writeFileSync(
      join(directory, "q.sql"),
      "SELECT repeat('é', 300000) || chr(9) || chr(7) AS a;\n",
    );
    const long = await served.run(["sql", "dev-1", "--file", "q.sql", "--csv"], { cwd: directory });
    assert.equal(long.code, 0, long.stderr);
    const value = `${"é".repeat(300_000)}\t\u0007`;
    assert.ok(long.stdout === `a\n${value}\n`);

    const env = {
      ...(await environmentOf(t)),
      NODE: process.execPath,
      BIN: bin,
      AT: served.lambdaUrl,
    };
    const piped = spawnSync(
      "sh",
      ["-c", `printf 'VALUES (1)' | "$NODE" "$BIN" sql dev-1 --file - --csv --endpoint-url "$AT"`],
      { env, encoding: "utf8" },
    );
    assert.deepEqual([piped.status, piped.stdout], [0, "column1\n1\n"], piped.stderr);

    const missing = await served.run(["sql", "dev-1"]);
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /No statement given/);
  });
});

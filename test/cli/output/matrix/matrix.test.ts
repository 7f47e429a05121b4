import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { hasDrift, matrixOf, type MatrixColumn } from "../../../../src/cli/output/matrix/matrix.ts";
import { matrixMarkdown } from "../../../../src/cli/output/matrix/matrix-markdown.ts";
import { matrixLines } from "../../../../src/cli/output/matrix/matrix-text.ts";
import { colorsFor } from "../../../../src/cli/output/terminal/colors.ts";
import { textWidth } from "../../../../src/cli/output/terminal/width.ts";
import type { StatusRow } from "../../../../src/protocol/status-rows.ts";

type Rows = Readonly<Record<string, StatusRow["state"]>>;

function column(environment: string, rows: Rows | undefined, database = "default"): MatrixColumn {
  return {
    environment,
    image: "image 4c6ea1a, 2 days old",
    package: "0.1.0",
    ...(rows === undefined && { failure: "no answer in time" }),
    status: rows && {
      type: "status",
      databases: [
        {
          ...{ database, kind: "postgres", store: "ledger" },
          migrations: Object.entries(rows).map(([version, state]) => ({
            version,
            name: state === "unknown" ? "" : `m${version}`,
            state,
          })),
        },
      ],
    },
  };
}

const local = new Map([
  [
    "default",
    [
      { version: "1", name: "m1" },
      { version: "10", name: "m10" },
    ],
  ],
]);
const style = colorsFor({ isTTY: false }, {}, false);
const text = (matrix: ReturnType<typeof matrixOf>, columns = 80, full = false): string[] =>
  matrixLines(matrix, { style, columns, full, now: Date.parse("2026-11-27T12:00:00Z") }).map(
    String,
  );

/** An environment in which ada has applied these versions of a branch. */
function branchColumn(environment: string, count: number): MatrixColumn {
  const migrations = Array.from({ length: count }, (_, i) => ({
    ...{ version: String(i + 1), name: "coupons", state: "unknown" as const },
    ...{ appliedBy: "ada", branch: "add-coupons", appliedAt: "2026-11-24T12:00:00.000Z" },
  }));
  const database = { database: "default", kind: "postgres", store: "ledger" as const };
  return {
    ...column(environment, {}),
    status: { type: "status", databases: [{ ...database, migrations }] },
  };
}

describe("versions without a file", () => {
  test("are listed below the table with who applied them, the first eight only", () => {
    const lines = text(matrixOf([branchColumn("dev-3", 10), column("dev-4", {})], undefined));
    const start = lines.indexOf("applied, without a migration file:");
    assert.deepEqual(lines.slice(start + 1, start + 3), [
      "  dev-3 1 coupons: ada, branch add-coupons, 3 days ago; cannot be rolled back",
      "    without its file",
    ]);
    assert.deepEqual(
      [lines.length - start, lines.at(-1)],
      [18, "  … and 2 more; --json and --html list all"],
    );
  });

  test("are listed with the day in Markdown, whose markup a branch cannot add to", () => {
    const markdown = matrixMarkdown(matrixOf([branchColumn("dev-3", 1)], undefined), false);
    assert.match(
      markdown,
      /^- dev-3 1 coupons: ada, branch add-coupons, 2026-11-24; cannot be rolled back without its file$/m,
    );
    const long = matrixMarkdown(matrixOf([branchColumn("dev-3", 60)], undefined), false);
    assert.match(long, /^- dev-3 50 coupons: .*\n- … and 10 more$/m);
    const hostile = branchColumn("dev-3", 1);
    for (const { migrations } of hostile.status?.databases ?? [])
      for (const row of migrations) row.branch = "<b>[x](y)\n# z";
    assert.match(
      matrixMarkdown(matrixOf([hostile], undefined), false),
      /branch \\<b\\>\\\[x\\\]\(y\) #&#8203; z, 2026/,
    );
  });
});

test("a number and its environment stay in one line of the heading", () => {
  const nine = Array.from({ length: 9 }, (_, i) =>
    column(`dev-${String(i + 1)}`, { 1: "pending" }),
  );
  assert.deepEqual(text(matrixOf(nine, undefined), 40).slice(0, 3), [
    "1 dev-1   2 dev-2   3 dev-3   4 dev-4",
    "5 dev-5   6 dev-6   7 dev-7   8 dev-8",
    "9 dev-9",
  ]);
});

describe("a version under which another migration is applied", () => {
  const other = column("dev-3", { 1: "changed" });
  for (const { migrations } of other.status?.databases ?? [])
    for (const row of migrations)
      Object.assign(row, { appliedAs: "add_coupons", appliedBy: "ada", branch: "coupons" });
  const matrix = matrixOf([other, column("dev-4", { 1: "changed" })], undefined);

  test("is listed below the table, and in Markdown, with the other migration", () => {
    for (const columns of [40, 80]) {
      const lines = text(matrix, columns);
      const start = lines.findIndex((line) => line.startsWith("another migration"));
      const list = lines.slice(start).map((line) => line.trim());
      assert.equal(
        list.join(" "),
        "another migration is applied under this version: dev-3 1 m1: add_coupons; ada, branch coupons",
      );
      assert.ok(lines.every((line) => textWidth(line) <= columns));
    }
    assert.match(
      matrixMarkdown(matrix, false),
      /^another migration is applied under this version:\n\n- dev-3 1 m1: add\\_coupons; ada, branch coupons$/m,
    );
  });
});

describe("the legend", () => {
  const matrix = matrixOf(
    [column("a", { 1: "unknown", 2: "changed" }), column("b", { 2: "pending" })],
    undefined,
  );
  const legend = (columns: number): string[] => {
    const lines = text(matrix, columns);
    const start = lines.indexOf("");
    return lines.slice(start + 1, lines.indexOf("", start + 1));
  };

  test("breaks between entries, and indents the rest of a long one", () => {
    assert.deepEqual(legend(80), [
      "· pending   ≠ changed: the file differs from what was applied",
      "? applied, without a migration file   − not in the image",
    ]);
    assert.deepEqual(legend(40), [
      "· pending",
      "≠ changed: the file differs from what",
      "  was applied",
      "? applied, without a migration file",
      "− not in the image",
    ]);
  });
});

describe("a run in progress in an environment", () => {
  const runId = "0199a7c0-0000-7000-8000-000000000000";
  const inProgress = [{ runId, operation: "apply", user: "<ada>", host: "laptop", ageMs: 72_000 }];
  /** The same run in two databases. */
  const busy = (): MatrixColumn => {
    const databases = ["a", "b"].map((database) => ({
      ...{ database, kind: "postgres", store: "ledger" as const },
      ...{ inProgress, migrations: [{ version: "1", name: "m1", state: "applied" as const }] },
    }));
    return { ...column("dev-3", {}), status: { type: "status", databases } };
  };

  test("is listed once above the table, also if nothing differs", () => {
    for (const other of [column("dev-4", { 1: "pending" }), busy()]) {
      const lines = text(matrixOf([busy(), other], undefined), 120);
      assert.equal(
        lines[0],
        "dev-3: apply by <ada> on laptop is running, started 1m 12s ago (run 0199a7c0-0000)",
      );
    }
    const narrow = text(matrixOf([busy()], undefined), 40);
    assert.deepEqual(narrow.slice(0, 2), [
      "dev-3: apply by <ada> on laptop is",
      "running, started 1m 12s ago (run",
    ]);
  });

  test("is listed once in Markdown", () => {
    const markdown = matrixMarkdown(matrixOf([busy()], undefined), false);
    assert.deepEqual(
      markdown.split("\n").filter((line) => line.includes("is running")),
      ["- dev-3: apply by \\<ada\\> on laptop is running, started 1m 12s ago (run 0199a7c0-0000)"],
    );
  });
});

describe("the matrix", () => {
  test("has a row for each version anywhere, in the order of versions", () => {
    const matrix = matrixOf(
      [column("a", { 2: "applied", 9: "pending" }), column("b", { 2: "applied", 3: "changed" })],
      local,
    );
    assert.deepEqual(
      matrix.rows.map(({ version, cells }) => [version, ...cells.map(({ state }) => state)]),
      [
        ["1", "absent", "absent"],
        ["2", "applied", "applied"],
        ["3", "absent", "changed"],
        ["9", "pending", "absent"],
        ["10", "absent", "absent"],
      ],
    );
    assert.deepEqual(
      matrix.rows.map(({ differs }) => differs),
      [true, false, true, true, true],
    );
  });

  test("takes the name from wherever there is a file", () => {
    const [row] = matrixOf(
      [column("a", { 1: "unknown" }), column("b", { 1: "applied" })],
      undefined,
    ).rows;
    assert.deepEqual([row?.name, row?.here], ["m1", undefined]);
  });

  test("has a row for each name where different migrations have the same version", () => {
    const named = (environment: string, name: string): MatrixColumn => {
      const { status, ...rest } = column(environment, { 1: "applied" });
      const [database] = status?.databases ?? [];
      assert(status && database);
      const migrations = database.migrations.map((row) => ({ ...row, name }));
      return { ...rest, status: { ...status, databases: [{ ...database, migrations }] } };
    };
    const columns = [named("a", "backfill"), named("b", "add_coupons"), named("c", "")];
    const matrix = matrixOf(columns, undefined);
    assert.deepEqual(
      matrix.rows.map(({ name, cells }) => [name, ...cells.map(({ state }) => state)]),
      [
        ["", "absent", "absent", "applied"],
        ["add_coupons", "absent", "applied", "absent"],
        ["backfill", "applied", "absent", "absent"],
      ],
    );
    assert.deepEqual(text(matrixOf(columns.slice(0, 2), undefined)).slice(0, 3), [
      "                a  b",
      "1  add_coupons  −  ✓",
      "1  backfill     ✓  −",
    ]);
    assert.equal(hasDrift(matrix), true);
  });

  test("keeps databases apart, and leaves out what was not asked for", () => {
    const columns = [column("a", { 1: "applied" }, "one"), column("b", { 1: "applied" }, "two")];
    assert.deepEqual(
      matrixOf(columns, undefined).rows.map(({ database }) => database),
      ["one", "two"],
    );
    assert.equal(matrixOf(columns, local, "one").rows.length, 2);
  });

  test("shows no drift for an environment that has not answered", () => {
    const columns = [column("a", { 1: "applied" }), column("b", undefined)];
    assert.equal(hasDrift(matrixOf(columns, undefined)), false);
    assert.equal(hasDrift(matrixOf(columns, local)), true);
  });

  test("as text hides rows that are the same everywhere, unless all are requested", () => {
    const matrix = matrixOf(
      [column("a", { 1: "applied", 2: "applied" }), column("b", { 1: "applied", 2: "pending" })],
      undefined,
    );
    assert.deepEqual(text(matrix), [
      "       a  b",
      "2  m2  ✓  ·",
      "1 other migration is applied everywhere",
      "",
      "✓ applied   · pending",
    ]);
    assert.equal(text(matrix, 80, true).filter((line) => /^[12] /.test(line)).length, 2);
  });

  test("claims nothing about environments that have not answered", () => {
    const some = matrixOf([column("a", { 1: "applied" }), column("b", undefined)], undefined);
    assert.deepEqual(text(some), ["1 migration is applied in every environment that answered"]);
    const none = matrixOf([column("a", undefined), column("b", undefined)], local);
    assert.deepEqual(text(none), []);
    assert.doesNotMatch(matrixMarkdown(none, false), /applied/);
  });

  const many = matrixOf(
    Array.from({ length: 9 }, (_, i) =>
      column(`environment-${String(i + 1)}`, {
        1700000000100: i % 2 === 0 ? "applied" : "pending",
      }),
    ),
    undefined,
  );
  for (const columns of [30, 40, 60, 80, 160])
    test(`is true in ${String(columns)} columns`, () => {
      const lines = text(many, columns);
      assert(
        lines.every((line) => textWidth(line) <= columns),
        lines.join("\n"),
      );
      const all = lines.join("\n");
      assert(all.includes("environment-9"), all);
      assert.equal((all.match(/·|1 pending/g) ?? []).length >= 4, true, all);
    });

  test("counts by environment where no table fits", () => {
    const wide = matrixOf(
      Array.from({ length: 20 }, (_, i) => column(`e${String(i)}`, { 1: "pending" })),
      undefined,
    );
    assert(text(wide, 40).includes("e19: 1 pending"));
  });

  test("as Markdown contains no foreign markup", () => {
    const hostile = matrixOf(
      [{ ...column("a", { 1: "pending" }), image: "image <b>|x" }],
      new Map([["default", [{ version: "1", name: "`|<script>" }]]]),
    );
    const markdown = matrixMarkdown(hostile, true);
    assert.doesNotMatch(markdown, /[^\\]<|[^\\]`/);
    assert.match(markdown, /^\| version \| name \| here \| a \|$/m);
    assert.match(markdown, /^\| 1 \| m1 \| − \| · \|$/m);
    assert.match(markdown, /^\| 1 \| .*script.* \| ✓ \| − \|$/m);
  });
});

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "vitest";
import { Dictionary, encodeCells } from "../../../../src/cli/output/matrix/html/cell-details.ts";
import { statusPage } from "../../../../src/cli/output/matrix/html/status-page.ts";
import {
  matrixOf,
  type MatrixCell,
  type MatrixColumn,
} from "../../../../src/cli/output/matrix/matrix.ts";
import type { StatusRow } from "../../../../src/protocol/status-rows.ts";
import { instant } from "../../../support/test-context.ts";

function column(
  environment: string,
  migrations: readonly StatusRow[] | undefined,
  more: Partial<MatrixColumn> = {},
): MatrixColumn {
  const databases = [
    {
      database: "default",
      kind: "postgres",
      store: "ledger" as const,
      migrations: [...(migrations ?? [])],
    },
  ];
  return {
    environment,
    image: "image 4c6ea1a, 2 days old",
    package: "0.1.0",
    status: migrations && { type: "status", databases },
    ...more,
  };
}

const row = (version: string, state: StatusRow["state"] = "applied", more = {}): StatusRow => ({
  ...{ version, name: state === "unknown" ? "" : `m${version}`, state },
  ...more,
});

const page = (columns: readonly MatrixColumn[], full = false, local = new Map()): string =>
  statusPage(matrixOf(columns, local.size === 0 ? undefined : local), {
    ...{ now: instant, version: "0.2.0", full },
  });

/** The tags of the matrix's rows and what they hold, without the markup of their heads. */
function rowsOf(html: string): string[] {
  const [, body = ""] = /id="matrix"[^]*?<tbody>([^]*?)<\/table>/.exec(html) ?? [];
  return body
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.startsWith("<tr"));
}

describe("the page of a matrix", () => {
  test("is a table of every migration without its script, each state with a sign of its own", () => {
    const html = page([
      column("a", [
        row("1"),
        row("2", "pending", { outOfOrder: true }),
        row("4", "unknown"),
        row("6", "unknown", { canRollBack: true }),
      ]),
      column("b", [row("1"), row("2", "changed"), row("3", "interrupted"), row("5", "dirty")]),
      column("c", undefined, { failure: "no answer in time" }),
    ]);
    assert.deepEqual(rowsOf(html), [
      '<tr><th scope="row"><b>1</b> m1<td>✓<td>✓<td class="q">×',
      '<tr class="d"><th scope="row"><b>2</b> m2<td class="p o">·<td class="c">≠<td class="q">×',
      '<tr class="d"><th scope="row"><b>3</b> m3<td class="n">−<td class="i">!<td class="q">×',
      '<tr class="d"><th scope="row"><b>4</b><td class="u">?<td class="n">−<td class="q">×',
      '<tr class="d"><th scope="row"><b>5</b> m5<td class="n">−<td class="i">!<td class="q">×',
      '<tr class="d"><th scope="row"><b>6</b><td class="u k">?<td class="n">−<td class="q">×',
    ]);
    assert.match(html, /<th scope="col">a<th scope="col">b<th scope="col" class="failed">c\n/);
    for (const meaning of ["applied", "pending", "interrupted", "no answer"])
      assert.ok(html.includes(`</i>${meaning}</span>`), meaning);
    assert.match(html, /<form id="controls" hidden>/);
  });

  test("names the other migration that is applied under a version", () => {
    const html = page([column("a", [row("1", "changed", { appliedAs: '"x"' })])]);
    assert.deepEqual(rowsOf(html), [
      '<tr class="d"><th scope="row"><b>1</b> m1<td class="c" title="another migration is applied under this version: &#34;x&#34;">≠',
    ]);
  });

  test("lists the runs in progress below their environment", () => {
    const runId = "0199a7c0-0000-7000-8000-000000000000";
    const run = { runId, operation: "apply", user: "<ada>", host: "laptop", ageMs: 72_000 };
    const busy = column("a", [row("1")]);
    for (const database of busy.status?.databases ?? []) database.inProgress = [run];
    assert.match(
      page([busy]),
      /<tr><td><td class="r" colspan="3"><span>… apply by &#60;ada&#62; on laptop is running, started 1m 12s ago \(run 0199a7c0-0000\)<\/span>/,
    );
  });

  test("says when it was made, what each function runs, and why one has not answered", () => {
    const html = page([
      column("a", [row("1"), row("2", "pending")]),
      column("b", undefined, { image: "", package: undefined, failure: "the <function> is gone" }),
      column("c", undefined, { failure: "Hasura did not answer" }),
    ]);
    assert.match(html, /<time datetime="2026-11-24T12:04:11.000Z">2026-11-24 12:04 UTC<\/time>/);
    assert.match(html, /with hasura-migrate 0\.2\.0/);
    assert.match(html, /1 of 2 migrations differs · 3 environments, 2 without an answer/);
    const runs = "<td>4c6ea1a, 2 days old<td>0.1.0";
    assert.ok(
      html.includes(`<th scope="row">a${runs}<td class="number a">1<td class="number p">1`),
    );
    assert.match(
      html,
      /<th scope="row">b<td class="failure" colspan="4"><span>× the &#60;function/,
    );
    assert.ok(html.includes(`<th scope="row">c${runs}<td class="failure" colspan="2">`));
  });

  test("has a column for the project here, and a heading for each of several databases", () => {
    const [a, b] = [column("a", [row("1")]), column("b", [row("1")])];
    const local = new Map([
      ["default", [{ version: "1", name: "m1" }]],
      ["other", [{ version: "9", name: "m9" }]],
    ]);
    assert.deepEqual(rowsOf(page([a, b], false, local)), [
      '<tr><th class="database" scope="rowgroup" colspan="4">default',
      '<tr><th scope="row"><b>1</b> m1<td class="a h">✓<td>✓<td>✓',
      '<tr><th class="database" scope="rowgroup" colspan="4">other',
      '<tr class="d"><th scope="row"><b>9</b> m9<td class="a h">✓<td class="n">−<td class="n">−',
    ]);
  });

  test("opens with the differences, unless there are none or all is asked for", () => {
    const isFiltered = (html: string): boolean => /id="differences"\s+checked/.test(html);
    const differing = [column("a", [row("1", "pending")])];
    assert.equal(isFiltered(page(differing)), true);
    assert.equal(isFiltered(page(differing, true)), false);
    assert.equal(isFiltered(page([column("a", [row("1")])])), false);
  });

  test("claims nothing about environments that have not answered", () => {
    const silent = column("b", undefined, { failure: "gone" });
    const same = [column("a", [row("1"), row("2")]), column("b", [row("1"), row("2")])];
    assert.match(page(same), /<p>2 migrations, all applied everywhere · 2 environments<\/p>/);
    assert.match(
      page([...same, { ...silent, environment: "c" }]),
      /<p>2 migrations, all applied in every environment that answered · 3 environments, 1 without/,
    );
    assert.match(page([silent]), /<p>0 migrations · 1 environment, 1 without an answer<\/p>/);
    assert.match(page([silent]), /<h1>Migrations of b<\/h1>/);
  });

  test("allows its own style and script, and no address", () => {
    const html = page([column("a", [row("1")])]);
    const [, policy = ""] = /Content-Security-Policy"\s+content="([^"]*)"/.exec(html) ?? [];
    const hash = (tag: string): string => {
      const [, text = ""] = new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(html) ?? [];
      return createHash("sha256").update(text).digest("base64");
    };
    assert.equal(
      policy,
      `default-src 'none'; style-src 'sha256-${hash("style")}'; script-src 'sha256-${hash("script")}'; img-src data:; base-uri 'none'; form-action 'none'`,
    );
    assert.doesNotMatch(html, /https?:|\bstyle=|\son[a-z]+=|url\(|@import/);
  });

  test("ends no element of its own in foreign text", () => {
    const text = `</script><!--<script>"'\`&{{data}}$&</style><img src=x onerror=alert(1)>`;
    const html = page([
      column(text, [row("1", "applied", { name: text, appliedBy: text, runId: text })], {
        ...{ image: text, package: text },
      }),
      column("b", undefined, { failure: text }),
    ]);
    assert.equal(html.match(/<\/script/g)?.length, 2);
    assert.equal(html.match(/<\/style/g)?.length, 1);
    assert.doesNotMatch(html, /<img|<!--/);
    const [, data = ""] = /id="data">([^]*?)<\/script>/.exec(html) ?? [];
    const { people, runs } = JSON.parse(data) as { people: string[]; runs: string[] };
    assert.deepEqual([people, runs], [[text], [text]]);
  });

  test("is at most 500 kB for 20 environments and 1,000 migrations, each applied in a run of its own", () => {
    const day = 86_400_000;
    const applied = (environment: number, i: number) => {
      const at = instant - (1000 - i) * day + ((i * 7919 + environment * 104_729) % 40_000) * 1000;
      const digits = (at - (i % 9000)).toString(16).padStart(12, "0");
      return {
        name: `create_item_${i}_with_details`,
        appliedAt: new Date(at).toISOString(),
        appliedBy: `developer-${i % 40}@example.com`,
        runId: `${digits.slice(0, 8)}-${digits.slice(8)}-7000-8000-${String(i).padStart(12, "0")}`,
      };
    };
    const columns = Array.from({ length: 20 }, (_, environment) =>
      column(
        `environment-${environment}`,
        Array.from({ length: 1000 }, (__, i) =>
          row(String(1_700_000_000_000 + i * day), "applied", applied(environment, i)),
        ),
      ),
    );
    const bytes = Buffer.byteLength(page(columns));
    assert.ok(bytes <= 500_000, `${bytes} bytes`);
  });
});

describe("who applied what, for the page's script", () => {
  const encoded = (cells: readonly Partial<MatrixCell>[], origin = 1_000_000) => {
    const shared = { origin, people: new Dictionary(), runs: new Dictionary() };
    const text = encodeCells(
      cells.map((cell) => ({ state: "applied", ...cell })),
      shared,
    );
    return { text, people: shared.people.texts, runs: shared.runs.texts };
  };
  const at = (seconds: number): string => new Date(seconds * 1000).toISOString();
  const run = (1_000_030_000).toString(16).padStart(12, "0");
  const runId = `${run.slice(0, 8)}-${run.slice(8)}-7000-8000-000000000001`;

  test("repeats neither a run nor its user, and counts times from the one before", () => {
    const of = { runId, appliedBy: "ada" };
    assert.deepEqual(
      encoded([
        { appliedAt: at(1_000_035), ...of },
        { appliedAt: at(1_000_036), ...of },
        { state: "pending" },
        { appliedAt: at(1_000_000), ...of, appliedBy: "bob" },
      ]),
      { text: "z,0,3uw 1  -10,1,-n5c", people: ["ada", "bob"], runs: [] },
    );
  });

  test("keeps what is known where the rest is not", () => {
    assert.deepEqual(
      encoded([{ runId: "r 1,x" }, { appliedBy: "ada" }, { appliedAt: at(1_000_001) }, {}]),
      { text: ".,,=0 .,0, 1,, ", people: ["ada"], runs: ["r 1,x"] },
    );
  });
});

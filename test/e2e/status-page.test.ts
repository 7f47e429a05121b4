import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, describe, test, type TestContext } from "vitest";
import { lambdaStandIn, streams, type Answer } from "../support/lambda-stand-in.ts";
import { failedRun, finished, started, status } from "../support/run-events.ts";
import { emptyDirectory } from "../support/test-context.ts";
import { chromiumPath, closeBrowser, opened, type Watched } from "./support/chromium.ts";
import { run } from "./support/cli.ts";
import { project, serve } from "./support/environment.ts";

const chromium = chromiumPath();
afterAll(closeBrowser);

type BrowserOptions = Omit<Parameters<typeof opened>[2], "from">;

/** Opens a page; skips the test where there is no browser. */
async function open(t: TestContext, file: string, options: BrowserOptions = {}): Promise<Watched> {
  return opened(t, file, { ...options, from: chromium ?? "" });
}

function needsBrowser(t: TestContext): void {
  t.skip(chromium === undefined, "there is no Chromium on the PATH");
}

/** Writes hasura-migrate.json in a directory of the test's own. */
function configured(t: TestContext, environments: Record<string, object>): string {
  const cwd = emptyDirectory(t);
  writeFileSync(join(cwd, "hasura-migrate.json"), JSON.stringify({ environments }));
  return cwd;
}

const runId = "019a7c00-1234-7000-8000-000000000001";
const applied = { state: "applied", appliedAt: "2026-11-24T09:30:05Z", appliedBy: "ada", runId };
/** Twelve migrations; `states` are those of the ones that are not applied, by their number. */
const rows = (states: Record<number, object> = {}, count = 12): object[] =>
  Array.from({ length: count }, (_, i) => ({
    ...{ version: String(1700000000100 + i * 100), name: `step_${i}`, hasDown: true },
    ...(states[i] ?? applied),
  }));
const pending = { state: "pending" };

const nine: Record<string, object[]> = {
  "dev-1": [status(rows())],
  "dev-2": [status(rows({ 11: pending }))],
  "dev-3": [status(rows({ 3: { ...applied, state: "changed" }, 11: { state: "running" } }))],
  "dev-4": [status(rows({ 9: { state: "interrupted" }, 10: pending, 11: pending }))],
  "dev-5": [status(rows({}, 9))],
  "dev-6": [status(rows({ 2: { ...pending, outOfOrder: true } }))],
  staging: [status(rows({ 5: { ...applied, state: "unknown", name: "", appliedBy: "bob" } }))],
  "prod-eu": [status(rows({ 10: pending, 11: pending }))],
};

/** The page of nine environments, of which the last fails, as the built CLI writes it where the project has the files `here`. */
async function pageOfNine(
  t: TestContext,
  more: Record<string, object[]> = {},
  here: Record<string, string> = {},
): Promise<string> {
  const answers: Record<string, object[]> = { ...nine, ...more };
  const route: Answer = (response, call) => {
    const { environment } = JSON.parse(call.body) as { environment: string };
    const failure = {
      kind: "unreachable",
      code: "hasura-unreachable",
      message: "Hasura did not answer",
    };
    const events = answers[environment];
    const closing = events ? finished(0) : failedRun({ ...failure, hints: [] });
    return streams([started(environment), ...(events ?? []), closing])(response, call);
  };
  const lambda = await lambdaStandIn(t, Array<Answer>(12).fill(route));
  const cwd = configured(
    t,
    Object.fromEntries([...Object.keys(answers), "prod-us"].map((name) => [name, {}])),
  );
  for (const [path, text] of Object.entries(here)) {
    mkdirSync(dirname(join(cwd, path)), { recursive: true });
    writeFileSync(join(cwd, path), text);
  }
  const ran = await run(t, ["status", "--all", "--html", "page.html"], {
    cwd,
    env: { AWS_ENDPOINT_URL_LAMBDA: lambda.url },
  });
  assert.equal(ran.code, 4, ran.stderr);
  return join(cwd, "page.html");
}

/** The rows that are shown, by their versions' last digits. */
async function shownRows({ page }: Watched): Promise<string[]> {
  const versions = await page.locator("#matrix tbody tr:visible b").allTextContents();
  return versions.map((version) => String((Number(version) - 1700000000100) / 100));
}

const detailsOf = ({ page }: Watched): Promise<string> => page.locator("#details").innerText();
const focusedLabel = ({ page }: Watched): Promise<string | null> =>
  page.locator(":focus").getAttribute("aria-label");

describe("the page of status --html", () => {
  test("shows what was really applied, by whom and when, and asks no address for anything", async (t) => {
    needsBrowser(t);
    const up = (table: string) => ({
      up: `CREATE TABLE ${table} (id integer);`,
      down: `DROP TABLE ${table};`,
    });
    const all = { "1700000000100_one": up("one"), "1700000000200_two": up("two") };
    const [first, second] = [
      await serve(t, await project(t, all)),
      await serve(t, await project(t, all)),
    ];
    const cwd = configured(t, {
      "dev-1": { endpointUrl: first.lambdaUrl },
      "dev-2": { endpointUrl: second.lambdaUrl },
      "dev-3": { endpointUrl: "http://127.0.0.1:9" },
    });
    const env = { USER: "ada", CI: "true" };
    assert.equal((await run(t, ["dev-1"], { cwd, env })).code, 0);
    assert.equal((await run(t, ["dev-2", "--steps", "1"], { cwd, env })).code, 0);
    const ran = await run(t, ["status", "--all", "--html", "page.html"], { cwd, env });
    assert.equal(ran.code, 4, ran.stderr);

    const watched = await open(t, join(cwd, "page.html"));
    const { page, complaints, requests } = watched;
    assert.deepEqual(await page.locator("#matrix tbody tr:visible").allInnerTexts(), [
      "1700000000200 two\t✓\t·\t×",
    ]);
    await page.getByLabel("Only differences").uncheck();
    await page.locator("#matrix tbody tr").first().locator("td").nth(1).hover();
    assert.match(
      await detailsOf(watched),
      /^dev-2 · 1700000000100 one\s+✓ applied \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC by ada\s+hasura-migrate history dev-2 --run [0-9a-f]{8}-[0-9a-f]{4}$/,
    );
    const [command = ""] = /(?<=hasura-migrate ).*$/.exec(await detailsOf(watched)) ?? [];
    const history = await run(t, command.split(" "), { cwd, env });
    assert.equal(history.code, 0, history.stderr);
    assert.match(history.stdout, /one/);
    assert.deepEqual([complaints, requests], [[], []]);
  });

  test("does not count the project here among the environments that have applied a migration", async (t) => {
    needsBrowser(t);
    const onlyHere = "migrations/default/1700000001300_step_12/up.sql";
    const files = { "config.yaml": "version: 3\n", [onlyHere]: "select 1;\n" };
    const watched = await open(t, await pageOfNine(t, {}, files));
    assert.ok((await shownRows(watched)).includes("12"));
    await watched.page.getByRole("button", { name: /^✓/ }).click();
    assert.deepEqual(await shownRows(watched), ["2", "3", "5", "9", "10", "11"]);
  });

  test("opens with what differs; a word, a switch and the box choose the rows", async (t) => {
    needsBrowser(t);
    const watched = await open(t, await pageOfNine(t));
    const { page, complaints, requests } = watched;
    assert.deepEqual(await shownRows(watched), ["2", "3", "5", "9", "10", "11"]);
    const shown = page.locator("#shown");
    assert.equal(await shown.innerText(), "6 of 12 migrations shown");

    await page.getByRole("button", { name: "changed" }).click();
    assert.deepEqual(await shownRows(watched), ["3"]);
    await page.getByRole("button", { name: "interrupted" }).click();
    assert.deepEqual(await shownRows(watched), ["3", "9"]);
    await page.getByRole("button", { name: "changed" }).click();
    await page.getByRole("button", { name: "interrupted" }).click();

    await page.getByLabel("Only differences").uncheck();
    assert.equal((await shownRows(watched)).length, 12);
    await page.getByRole("searchbox").fill("STEP_1");
    assert.deepEqual(await shownRows(watched), ["1", "10", "11"]);
    await page.getByRole("searchbox").fill("step 01200");
    assert.deepEqual(await shownRows(watched), ["11"]);
    await page.getByRole("searchbox").fill("nothing like it");
    assert.deepEqual(await shownRows(watched), []);
    assert.equal(await page.getByText("No migration matches.").isVisible(), true);
    assert.deepEqual([complaints, requests], [[], []]);
  });

  test("names each of several databases above those of its rows that are shown", async (t) => {
    needsBrowser(t);
    const of = (database: string, migrations: object[]) => ({
      ...{ database, kind: "postgres", store: "ledger", migrations },
    });
    const databases = [of("default", rows({ 1: pending })), of("reports", rows({}, 3))];
    const more = { "dev-7": [{ type: "status", databases }] };
    const watched = await open(t, await pageOfNine(t, more));
    const { page } = watched;
    const headings = page.locator("#matrix .database:visible");
    assert.deepEqual(await headings.allInnerTexts(), ["default", "reports"]);
    await page.getByRole("searchbox").fill("step_11");
    assert.deepEqual(await headings.allInnerTexts(), ["default"]);
    // The arrow keys pass over the headings.
    await page.getByRole("searchbox").fill("step_1");
    await page.locator("#matrix tr:visible", { hasText: "step_11" }).locator("td").first().focus();
    await page.keyboard.press("ArrowDown");
    assert.match(await detailsOf(watched), /^dev-1 · 1700000000200 step_1\s+− not in the image$/);
  });

  test("can be read with the keyboard alone", async (t) => {
    needsBrowser(t);
    const watched = await open(t, await pageOfNine(t));
    const { page } = watched;
    const press = async (...keys: string[]): Promise<void> => {
      for (const key of keys) await page.keyboard.press(key);
    };
    await page.getByRole("button", { name: "no answer" }).focus();
    await press("Tab");
    assert.equal(await focusedLabel(watched), "applied 2026-11-24 09:30:05 UTC by ada");
    await press("ArrowDown", "ArrowRight", "ArrowRight");
    assert.equal(
      await focusedLabel(watched),
      "changed: the file differs from what was applied, applied 2026-11-24 09:30:05 UTC by ada",
    );
    assert.match(await detailsOf(watched), /^dev-3 · 1700000000400 step_3\s+≠ changed: /);
    await press("End");
    assert.equal(await focusedLabel(watched), "no answer");
    await press("Home", "ArrowUp");
    assert.equal(await page.locator(":focus").innerText(), "1700000000300 step_2");
    await press("Control+End", "ArrowLeft");
    assert.equal(await focusedLabel(watched), "pending");
    assert.match(await detailsOf(watched), /^prod-eu · 1700000001200 step_11\s+· pending$/);
    await press("Control+Home", "ArrowRight", "PageDown");
    await press("PageUp");
    assert.match(
      await detailsOf(watched),
      /^dev-1\s+image 4c6ea1a, .* old · hasura-migrate 0\.1\.0$/,
    );
    // One stop in the order of Tab, and it is never a row that is hidden.
    assert.equal(await page.locator("#matrix [tabindex='0']").count(), 1);
    await press("ArrowDown");
    await page.getByRole("searchbox").fill("step_5");
    await page.getByRole("button", { name: "no answer" }).focus();
    await press("Tab");
    assert.match(await detailsOf(watched), /^dev-1 · 1700000000600 step_5\s/);
  });

  test("shows in each column what it means, under the mouse as well", async (t) => {
    needsBrowser(t);
    const other = { ...applied, state: "changed", appliedAs: "add_coupons" };
    const more = { "dev-7": [status(rows({ 0: other }))] };
    const watched = await open(t, await pageOfNine(t, more));
    const { page } = watched;
    const cell = (row: number, column: number) =>
      page.locator("#matrix tbody tr").nth(row).locator("td").nth(column);
    for (const [row, column, meaning] of [
      [
        0,
        8,
        /^dev-7 .*\s+≠ changed: .*; another migration is applied under this version: add_coupons, applied .* by ada\s/,
      ],
      [2, 5, /^dev-6 .*\s+· pending, out of order$/],
      [
        5,
        6,
        /^staging .*\s+\? applied, without a migration file; cannot be rolled back without its file, applied .* by bob\s/,
      ],
      [9, 3, /^dev-4 .*\s+! interrupted$/],
      [9, 4, /^dev-5 .*\s+− not in the image$/],
      [11, 2, /^dev-3 .*\s+… running$/],
      [11, 9, /^prod-us .*\s+× no answer$/],
    ] as const) {
      await cell(row, column).hover();
      assert.match(await detailsOf(watched), meaning);
    }
    await page.locator("h1").hover();
    assert.match(await detailsOf(watched), /^Point at a cell/);
    assert.match(
      await page.locator("#environments tr", { hasText: "prod-us" }).innerText(),
      /× Hasura did not answer/,
    );
  });

  for (const width of [1280, 400])
    test(`fits ${width} pixels; the heading and the names stay in view`, async (t) => {
      needsBrowser(t);
      const many = { "dev-7": [status(rows({ 200: pending }, 300))] };
      const { page } = await open(t, await pageOfNine(t, many), {
        viewport: { width, height: 700 },
      });
      await page.getByLabel("Only differences").uncheck();
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= width, `${wide} pixels`);
      await page.locator("#matrix tbody tr").nth(250).locator("td").last().focus();
      const boxes = await Promise.all(
        [
          page.locator("#matrix thead th").first(),
          page.locator("#matrix tbody tr").nth(250).locator("th"),
          page.locator(":focus"),
          page.locator("#details"),
        ].map((locator) => locator.boundingBox()),
      );
      const [head, name, focused, details] = boxes;
      assert.ok(head && name && focused && details);
      assert.ok(head.y >= 0 && head.y + head.height <= focused.y, "the heading is above the cell");
      assert.ok(name.x >= 0 && name.x + name.width <= focused.x, "the name is beside the cell");
      assert.ok(focused.y + focused.height <= details.y, "the details do not cover the cell");
    });

  test("follows the reader's light or dark, with enough contrast for every sign and text", async (t) => {
    needsBrowser(t);
    const { page } = await open(t, await pageOfNine(t));
    const backs: string[] = [];
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      backs.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
      const poor = await page.evaluate(poorContrasts);
      assert.deepEqual(poor, [], colorScheme);
    }
    assert.notEqual(backs[0], backs[1]);
  });

  test("is printed in full width, without its controls", async (t) => {
    needsBrowser(t);
    const { page } = await open(t, await pageOfNine(t));
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    assert.equal(await page.locator("#controls").isVisible(), false);
    assert.equal(await page.locator("#details").isVisible(), false);
    const scroll = page.locator("#matrix-scroll");
    assert.equal(await scroll.evaluate((element) => getComputedStyle(element).overflow), "visible");
    assert.equal(
      await page.evaluate(() => getComputedStyle(document.body).backgroundColor),
      "rgb(255, 255, 255)",
    );
    assert.ok((await page.pdf()).length > 10_000);
  });

  test("is a table where scripts are not allowed", async (t) => {
    needsBrowser(t);
    const { page } = await open(t, await pageOfNine(t), { javaScriptEnabled: false });
    assert.equal(await page.locator("#matrix tbody tr:visible").count(), 12);
    assert.equal(await page.locator("#controls").isVisible(), false);
    assert.equal(await page.locator("#details").isVisible(), false);
  });

  test("obeys nothing that stands in a name", async (t) => {
    needsBrowser(t);
    const text = "</script><img src=x onerror=alert(1)>\u202e\u2028";
    const hostile = { ...applied, appliedBy: text, runId: text, name: text };
    const more = { "dev-7": [status(rows({ 0: hostile, 1: { ...pending, name: text } }))] };
    const watched = await open(t, await pageOfNine(t, more));
    const named = watched.page.locator("#matrix tbody tr", { hasText: "</script>" });
    await named.filter({ hasText: "1700000000200" }).hover();
    await watched.page.getByLabel("Only differences").uncheck();
    await named.filter({ hasText: "1700000000100" }).locator("td").nth(8).hover();
    assert.match(await detailsOf(watched), /by <\/script><img src=x onerror=alert\(1\)><U\+202E>/);
    assert.equal(await watched.page.locator("img").count(), 0);
    assert.deepEqual([watched.complaints, watched.requests], [[], []]);
  });
});

/** In the browser: texts whose contrast with what is behind them is below 4.5 (WCAG 2.2, level AA). */
function poorContrasts(): string[] {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  if (!canvas) throw new Error("no canvas");
  const channels = (color: string): number[] => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (color: number[]): number => {
    const [red = 0, green = 0, blue = 0] = color
      .slice(0, 3)
      .map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element: Element | null): number[] => {
    if (!element) return channels("#fff");
    const own = channels(getComputedStyle(element).backgroundColor);
    return own[3] === 255 ? own : behind(element.parentElement);
  };
  const poor = [
    ...document.querySelectorAll("h1, h2, p, th, td, b, i, label, output, button, code"),
  ]
    .filter((element) => element.checkVisibility())
    .filter((element) => {
      const [text, back] = [channels(getComputedStyle(element).color), behind(element)].map(
        luminance,
      );
      const [light, dark] = [Math.max(text ?? 0, back ?? 0), Math.min(text ?? 0, back ?? 0)];
      return (light + 0.05) / (dark + 0.05) < 4.5;
    });
  return [...new Set(poor.map((element) => `${element.tagName}.${element.className}`))];
}

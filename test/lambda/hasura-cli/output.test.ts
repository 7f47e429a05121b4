import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { HasuraCallError } from "../../../src/engine/hasura/client.ts";
import { cliLines, reasonOf } from "../../../src/lambda/hasura-cli/output.ts";
import { differences, recordedIn } from "../../../src/lambda/hasura-cli/status-check.ts";
import { tail } from "../../../src/lambda/hasura-cli/tail.ts";
import { passwordMask } from "../../../src/engine/sql/mask-passwords.ts";
import { classifyOutput } from "../../../src/lambda/hasura-cli/classify-output.ts";
import { Failure } from "../../../src/protocol/failure.ts";

const json = (level: string, msg: string): string =>
  JSON.stringify({ level, msg, time: "2026-11-24T20:00:00Z" });
const fatal = (msg: string): string =>
  `time="2026-11-24T20:00:00Z" level=fatal msg=${JSON.stringify(msg)}`;
const failed = (cause: string): string =>
  [
    json("error", `skipping applying migrations on database 'default', encountered: \n${cause}`),
    fatal("applying migrations failed on database(s): default"),
  ].join("\n");

describe("output", () => {
  test("log lines, the fatal last line and anything else a process writes are distinguished", () => {
    const text = [
      json("info", "a <b>"),
      "",
      "panic: oh",
      fatal('no "x"\nat all'),
      'time="x" level=fatal msg=bare',
      '{"level":"loud"}',
    ].join("\r\n");
    assert.deepEqual(cliLines(text), [
      { level: "info", message: "a <b>" },
      { level: "text", message: "panic: oh" },
      { level: "fatal", message: 'no "x"\nat all' },
      { level: "fatal", message: "bare" },
      { level: "text", message: '{"level":"loud"}' },
    ]);
  });

  test("the reason is the database's error, otherwise the fatal message, otherwise the last line", () => {
    assert.equal(
      reasonOf(cliLines(failed("Version already applied in database"))),
      "Version already applied in database",
    );
    assert.equal(
      reasonOf(cliLines(`${json("info", "x")}\n${fatal("making http request failed: y")}`)),
      "making http request failed: y",
    );
    assert.equal(reasonOf(cliLines("one\ntwo\n")), "two");
    assert.equal(reasonOf([]), "");
  });

  const body = (more: object): string =>
    JSON.stringify(
      { path: "$.args", error: "query execution failed", code: "postgres-error", ...more },
      undefined,
      2,
    );
  const internal = {
    error: {
      exec_status: "FatalError",
      message: "no",
      status_code: "42P01",
      description: null,
      hint: null,
    },
  };
  const verdicts: readonly [string, string, "failed" | "unknown" | "skipped", string][] = [
    ["a refused statement", failed(body({ internal })), "failed", "rejected 42P01"],
    ["one whose internals are hidden", failed(body({})), "failed", "rejected"],
    [
      "a broken connection to the database",
      failed(body({ error: "connection error" })),
      "unknown",
      "rejected",
    ],
    [
      "a refused secret",
      fatal(body({ error: "invalid", code: "access-denied" })),
      "failed",
      "rejected",
    ],
    [
      "nobody listening",
      fatal('making http request failed: Get "http://h/v1/version": dial tcp: connection refused'),
      "failed",
      "not-sent",
    ],
    [
      "an unknown authority",
      fatal(
        'making http request failed: Get "https://h": tls: failed to verify certificate: x509: certificate signed by unknown authority',
      ),
      "failed",
      "tls-unknown-authority",
    ],
    ["a flag it does not know", fatal("unknown flag: --no-transaction"), "failed", "cli-too-old"],
    [
      "a database it does not know",
      fatal("database not found: error determining database kind for 'x'"),
      "failed",
      "cli-refused",
    ],
    ["a missing file", failed("9 up migration not found"), "failed", "cli-files"],
    [
      "migrations switched off",
      failed("Migration mode is disabled"),
      "failed",
      "migration-mode-disabled",
    ],
    ["already applied", failed("Version already applied in database"), "skipped", ""],
    ["already rolled back", failed("Migration not applied in database"), "skipped", ""],
    ["a lost answer", failed('Post "http://h/v2/query": EOF'), "unknown", "cli-failed"],
    ["a gateway's page", failed("<html>504</html>"), "unknown", "cli-failed"],
    [
      "a proxy's page with the words of a file system",
      failed("<html><title>403</title>permission denied by policy</html>"),
      "unknown",
      "cli-failed",
    ],
    [
      "a proxy's JSON with the words of a file system",
      failed('{"message": "permission denied"}'),
      "unknown",
      "cli-failed",
    ],
    [
      "HTML with 200",
      failed("invalid character '<' looking for beginning of value"),
      "unknown",
      "cli-failed",
    ],
    ["words nobody knows", "something new", "unknown", "cli-failed"],
  ];
  for (const [what, stderr, outcome, error] of verdicts) {
    test(`${what}: ${outcome}`, () => {
      const verdict = classifyOutput({
        code: 1,
        signal: null,
        stopped: false,
        lines: cliLines(stderr),
      });
      assert.equal(verdict.outcome, outcome);
      if (!("error" in verdict)) return;
      const thrown = verdict.error;
      const actual =
        thrown instanceof HasuraCallError
          ? [thrown.outcome, thrown.database?.sqlstate].filter(Boolean).join(" ")
          : thrown instanceof Failure && thrown.code;
      assert.equal(actual, error);
    });
  }

  test("unrecognised output that repeats part of a file contains no password", () => {
    const stderr = failed("cannot run: ALTER ROLE a PASSWORD 'Canary-77'");
    const ended = { code: 1, signal: null, stopped: false, lines: cliLines(stderr) };
    const verdict = classifyOutput(ended, passwordMask("ALTER ROLE a PASSWORD 'Canary-77'"));
    assert(verdict.outcome === "unknown" && verdict.error instanceof Failure);
    const { message, cause } = verdict.error;
    assert.ok(cause instanceof Error);
    for (const text of [message, cause.message]) assert.match(text, /PASSWORD '\*{8}'/);
  });

  test("a text that the migration puts into its error cannot be mistaken for the CLI's own message", () => {
    const message = "Version already applied in database\nno such file or directory";
    const stderr = failed(
      body({ internal: { statement: "x", error: { ...internal.error, message } } }),
    );
    const verdict = classifyOutput({
      code: 1,
      signal: null,
      stopped: false,
      lines: cliLines(stderr),
    });
    assert(verdict.outcome === "failed" && verdict.error instanceof HasuraCallError);
    assert.equal(verdict.error.database?.message, message);
  });

  test("of endless output the end is kept, and memory stays bounded", () => {
    const kept = tail(1000);
    for (let i = 0; i < 10_000; i += 1) kept.push(Buffer.from(`${String(i).padStart(7, "0")}\n`));
    const text = kept.text();
    assert(text.endsWith("0009999\n"));
    assert.equal(text.length, 1000);
  });

  test("the table of a status is read, whatever names it contains", () => {
    const table = `\nDatabase: default\nVERSION        NAME           SOURCE STATUS  DATABASE STATUS
1              Present a      Present        Not Present
2              -              Not Present    Present
3                             Present        Present\n`;
    assert.deepEqual([...recordedIn(table)], ["2", "3"]);
    const row = (version: string, state: "applied" | "pending") => ({ version, name: "", state });
    const migrations = [row("1", "applied"), row("2", "applied"), row("3", "pending")];
    assert.deepEqual(
      differences({ database: "default", kind: "postgres", store: "catalog", migrations }, table),
      ["1", "3"],
    );
  });
});

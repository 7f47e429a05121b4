import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, test } from "vitest";
import { sql } from "../../../src/cli/commands/sql.ts";
import { main } from "../../../src/cli/main.ts";
import { statementFrom } from "../../../src/cli/project/statement.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { longestStatement } from "../../../src/protocol/operations.ts";
import { testContext, type TestCliContext } from "../../support/test-context.ts";

describe("the statement of sql", () => {
  test("is what was typed", async (t) => {
    const context = testContext(t, { argv: [] });
    assert.equal(await statementFrom({ statement: "SELECT 1" }, context), "SELECT 1");
  });

  test("is read from a file, with or without a byte order mark, or from standard input", async (t) => {
    const context = testContext(t, { argv: [], input: "TABLE orders" });
    writeFileSync(join(context.cwd, "a.sql"), "\uFEFFSELECT 'é';\n");
    writeFileSync(join(context.cwd, "b.sql"), Buffer.from("\uFEFFSELECT 2", "utf16le"));
    assert.equal(await statementFrom({ file: "a.sql" }, context), "SELECT 'é';\n");
    assert.equal(await statementFrom({ file: "b.sql" }, context), "SELECT 2");
    assert.equal(await statementFrom({ file: "-" }, context), "TABLE orders");
  });

  const refused: readonly (readonly [string, object, string | Uint8Array | undefined, RegExp])[] = [
    ["missing", {}, undefined, /No statement given\. Pass it in quotes, or with --file/],
    ["blank", { statement: "  " }, undefined, /No statement given/],
    ["given twice", { statement: "SELECT 1", file: "-" }, undefined, /cannot be combined/],
    [
      "in a file that does not exist",
      { file: "no.sql" },
      undefined,
      /no\.sql cannot be read \(ENOENT\)/,
    ],
    ["a directory", { file: "." }, undefined, /cannot be read \(EISDIR\)/],
    ["empty on standard input", { file: "-" }, "", /^Standard input contains no statement/],
    ["not UTF-8", { file: "-" }, Uint8Array.of(0x53, 0xff, 0xfe, 0x20), /not UTF-8/],
    ["a binary file", { file: "-" }, Uint8Array.of(0x53, 0, 0, 0, 0x20), /NUL/],
    ["too long", { statement: "x".repeat(longestStatement + 1) }, undefined, /too long/],
    ["without end", { file: "-" }, "x".repeat(5 * longestStatement), /too long/],
  ];
  for (const [what, given, input, message] of refused)
    test(`is refused if it is ${what}`, async (t) => {
      const context = testContext(t, { argv: [], ...(input !== undefined && { input }) });
      await assert.rejects(statementFrom(given, context), (thrown) => {
        assert.ok(thrown instanceof Failure);
        assert.equal(thrown.code, "sql-text");
        assert.match(thrown.message, message);
        return true;
      });
    });
});

describe("a statement that is not written to its end", () => {
  const endsWith130 = async (context: TestCliContext): Promise<void> => {
    const ended = main(context);
    await new Promise((resolve) => setImmediate(resolve));
    context.interrupt();
    assert.equal(await ended, 130);
  };

  test("on standard input is no longer waited for after Ctrl-C", async (t) => {
    const context = testContext(t, { argv: ["sql", "dev-1", "--file", "-"] });
    await endsWith130({ ...context, input: () => new PassThrough() });
  });

  test("in a pipe is no longer waited for after Ctrl-C, and leaves no thread that waits", async (t) => {
    const context = testContext(t, { argv: ["sql", "dev-1", "--file", "pipe"] });
    execFileSync("mkfifo", [join(context.cwd, "pipe")]);
    await endsWith130(context);
  });

  test("is read from a pipe that has a writer", async (t) => {
    const context = testContext(t, { argv: [] });
    const pipe = join(context.cwd, "pipe");
    execFileSync("mkfifo", [pipe]);
    const [text] = await Promise.all([
      statementFrom({ file: "pipe" }, context),
      writeFile(pipe, "TABLE orders"),
    ]);
    assert.equal(text, "TABLE orders");
  });
});

describe("the words after sql", () => {
  test("are an environment and a statement, or one of them", () => {
    assert.deepEqual(sql.operands(["dev-1", "SELECT 1"]), {
      environments: ["dev-1"],
      statement: "SELECT 1",
    });
    assert.deepEqual(sql.operands(["SELECT 1"]), { environments: [], statement: "SELECT 1" });
    assert.deepEqual(sql.operands(["dev-1"]), { environments: ["dev-1"] });
    assert.deepEqual(sql.operands([]), { environments: [] });
  });
});

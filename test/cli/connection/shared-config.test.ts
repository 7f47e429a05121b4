import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { readSharedConfig } from "../../../src/cli/connection/aws/shared-config.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { testContext } from "../../support/test-context.ts";

describe("the AWS files", () => {
  for (const file of ["config", "credentials"])
    for (const [content, message] of [
      [Buffer.from("\uFEFF[a]\n", "utf16le"), /is UTF-16LE, not UTF-8/],
      [Buffer.from("[a]\r\nregion = b\r\n", "utf16le"), /is UTF-16LE, not UTF-8/],
      [Buffer.from("# caf\xe9\n[a]\n", "latin1"), /is not valid UTF-8/],
    ] as const)
      test(`${file}: ${String(message)}`, async (t) => {
        const context = testContext(t, { argv: [] });
        mkdirSync(join(context.home, ".aws"));
        const path = join(context.home, ".aws", file);
        writeFileSync(path, content);
        await assert.rejects(readSharedConfig(context), (thrown) => {
          assert.ok(thrown instanceof Failure && thrown.code === "aws-file-encoding");
          assert.match(thrown.message, message);
          assert.ok(thrown.message.includes(path));
          return true;
        });
      });

  test("a UTF-8 byte order mark is ignored", async (t) => {
    const context = testContext(t, { argv: [] });
    mkdirSync(join(context.home, ".aws"));
    writeFileSync(join(context.home, ".aws", "credentials"), "\uFEFF# keys\n[a]\nregion = b\n");
    assert.deepEqual((await readSharedConfig(context)).profiles, ["a"]);
  });
});

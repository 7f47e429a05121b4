import assert from "node:assert/strict";
import { test } from "vitest";
import { warningLines } from "../../../src/local/lambda-service/warning-lines.ts";

test("warnings are found in output that arrives in pieces; other lines are not passed on", () => {
  const found: string[] = [];
  const read = warningLines((line) => found.push(line));
  const warning = '{"level":"warning","message":"ünreachable"}';
  const output = Buffer.from(`text\n{"level":"info","message":"warning"}\n${warning}\n${warning}`);
  for (const byte of output) read(Buffer.from([byte]));
  assert.deepEqual(found, [warning]);
});

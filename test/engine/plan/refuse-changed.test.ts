import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { refuseChanged } from "../../../src/engine/plan/refuse-changed.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { hintLines } from "../../support/hint-lines.ts";
import { fileOf } from "../support/ready-steps.ts";

const same = { file: fileOf("1/up.sql", "SELECT 1;") };
const other = { file: { ...fileOf("2/up.sql", "SELECT 2;"), differsFromImage: true as const } };

function refusal(changed: "refused" | "never"): Failure {
  try {
    refuseChanged([same, other], changed);
  } catch (thrown) {
    assert(thrown instanceof Failure);
    return thrown;
  }
  assert.fail("nothing was refused");
}

describe("uploaded files that differ from the image's", () => {
  test("are refused and listed", () => {
    const { code, message } = refusal("refused");
    assert.equal(code, "changed-in-upload");
    assert.match(message, /2\/up\.sql differs from the image's file/);
    assert(!message.includes("1/up.sql"));
  });

  test("run with --changed, which a protected environment does not allow", () => {
    assert.match(hintLines(refusal("refused").hints).join("\n"), /--changed/);
    assert.doesNotMatch(hintLines(refusal("never").hints).join("\n"), /--changed/);
    refuseChanged([same, other], "allowed");
  });

  test("do not matter if none of them would run", () => {
    refuseChanged([same], "never");
  });
});

import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { Failure } from "../../../../src/protocol/failure.ts";
import { refuseInDoubt } from "../../../../src/engine/store/ledger/report-reconciliation.ts";

const target = {
  environment: "prod",
  database: { name: "audit", kind: "postgres" },
  description: { operation: "apply" },
} as const;

/** The code and the commands of the failure, or undefined where nothing is refused. */
function refusal(
  found: { readonly inDoubt?: readonly string[]; readonly rolledBack?: readonly string[] },
  context: Parameters<typeof refuseInDoubt>[1] = target,
): { code: string; commands: string[] } | undefined {
  try {
    refuseInDoubt({ inDoubt: [], rolledBack: [], ...found }, context);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof Failure);
    const commands = error.hints.flatMap((hint) =>
      hint.kind === "command" ? [hint.argv.slice(1).join(" ")] : [],
    );
    return { code: error.code, commands };
  }
}

describe("report reconciliation", () => {
  test("nothing in doubt is not refused", () => {
    assert.equal(refusal({}), undefined);
  });

  test("versions in doubt are refused with both ways to record them", () => {
    assert.deepEqual(refusal({ inDoubt: ["1", "2"] }), {
      code: "database-restored",
      commands: [
        "status prod",
        "mark prod --in-doubt --applied --database audit",
        "mark prod --in-doubt --pending --database audit",
      ],
    });
  });

  test("one command resolves many versions in doubt", () => {
    const inDoubt = Array.from({ length: 214 }, (_, i) => String(i + 1));
    assert.deepEqual(refusal({ inDoubt })?.commands, [
      "status prod",
      "mark prod --in-doubt --applied --database audit",
      "mark prod --in-doubt --pending --database audit",
    ]);
  });

  test("a rollback by another tool that has to be confirmed is refused, and one command resolves many", () => {
    for (const rolledBack of [["3"], Array.from({ length: 214 }, (_, i) => String(i + 1))])
      assert.deepEqual(refusal({ rolledBack }), {
        code: "rolled-back-elsewhere",
        commands: [
          "status prod",
          "mark prod --in-doubt --pending --database audit",
          "mark prod --in-doubt --applied --database audit",
        ],
      });
  });

  test("mark is not refused: it is how a person decides", () => {
    const mark = { ...target, description: { operation: "mark" } };
    assert.equal(refusal({ inDoubt: ["1"], rolledBack: ["3"] }, mark), undefined);
  });
});

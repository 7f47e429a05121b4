import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { environmentOperands } from "../../../src/cli/options/operands.ts";
import { joinStages, stageMembers } from "../../../src/cli/options/then-option.ts";

const takesValue = (word: string): boolean => ["--profile", "--to"].includes(word);

describe("the stages of a command line", () => {
  for (const [argv, joined] of [
    ["dev-1 dev-2", "dev-1 dev-2"],
    ["dev-1 --then staging", "dev-1 --then=staging"],
    ["dev-1 --then staging eu --then prod", "dev-1 --then=staging,eu --then=prod"],
    // A word behind another option still belongs to the last stage: it must not run before.
    ["dev-1 --then staging --json prod", "dev-1 --then=staging,prod --json"],
    ["dev-1 --then staging --profile acme prod", "dev-1 --then=staging,prod --profile acme"],
    ["--profile --then dev-1", "--profile --then dev-1"],
    ["mark dev-1 --then dev-2 --applied 17", "mark dev-1 --then=dev-2 --applied 17"],
    ["dev-1 --then", "dev-1 --then="],
    ["dev-1 --then --json", "dev-1 --then= --json"],
    ["new -- --then x", "new -- --then x"],
  ] as const)
    test(`${argv} is ${joined}`, () => {
      assert.deepEqual(joinStages(argv.split(" "), takesValue), joined.split(" "));
    });

  test("have environments and groups separated by commas", () => {
    assert.deepEqual(stageMembers("staging,eu"), ["staging", "eu"]);
    assert.deepEqual(stageMembers(",a,,b,"), ["a", "b"]);
  });
});

describe("operands", () => {
  test("are environments, and counts or versions, which begin with a digit", () => {
    assert.deepEqual(environmentOperands(["dev-1", "17", "d2", "3x", "-4"]), {
      environments: ["dev-1", "d2"],
      numbers: ["17", "3x", "-4"],
    });
  });
});

import assert from "node:assert/strict";
import { test } from "vitest";
import { functionReference } from "../../../src/cli/config/parse-function-name.ts";

const arn = "arn:aws:lambda:eu-west-1:111122223333:function:migrate";
const inAws = { region: "eu-west-1", account: "111122223333" };

test("a name or an ARN gives the name, the place and the qualifier", () => {
  for (const [text, reference] of [
    ["migrate", { name: "migrate" }],
    ["migrate:live", { name: "migrate", qualifier: "live" }],
    [arn, { name: "migrate", ...inAws }],
    [`${arn}:live`, { name: "migrate", ...inAws, qualifier: "live" }],
    [
      "arn:aws-cn:lambda:cn-north-1:1:function:f:7",
      { name: "f", region: "cn-north-1", account: "1", qualifier: "7" },
    ],
    ["111122223333:function:migrate", { name: "111122223333:function:migrate" }],
  ] as const)
    assert.deepEqual(functionReference(text), reference);
});

import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { valueAt } from "../../../src/metadata/document/value-at.ts";
import { projectOnDisk } from "../../engine/support/run.ts";
import { problemLines, readIn } from "../support/read.ts";

const files = {
  "config.yaml": "version: 3\n",
  "metadata/version.yaml": "version: 3\n",
  "metadata/databases/databases.yaml": "[]\n",
  "metadata/actions.graphql": "type Query {\n  ping: Int\n}\n\nscalar Amount\n",
};

describe("a text of actions.yaml that looks like another type is sent as it is written", () => {
  for (const [written, sent] of [
    ["1.10", "1.10"],
    ["010", "010"],
    ["1_000 # one thousand", "1_000"],
    ["True", "True"],
    ["&amount 0x1F", "0x1F"],
    ["'1.10'", "1.10"],
  ] as const)
    test(written, async (t) => {
      const yaml = `actions:\n  - name: ping\n    definition:\n      handler: ${written}\ncustom_types:\n  scalars:\n    - {name: Amount, description: ${written}\n      }\n`;
      const read = await readIn(
        await projectOnDisk(t, { ...files, "metadata/actions.yaml": yaml }),
      );
      assert.deepEqual(problemLines(read), []);
      const value = read.document?.value ?? {};
      assert.deepEqual(
        [
          valueAt(value, ["actions", 0, "definition", "handler"]),
          valueAt(value, ["custom_types", "scalars", 0, "description"]),
        ],
        [sent, sent],
      );
    });
});

import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { diffsMarkdown } from "../../../../src/cli/output/diffs/diff-markdown.ts";
import type { EventOf } from "../../../../src/protocol/events.ts";
import type { MetadataChange } from "../../../../src/protocol/metadata-change.ts";

function table(name: string, more: Partial<MetadataChange> = {}): MetadataChange {
  return {
    path: [
      { kind: "source", name: "default" },
      { kind: "table", name },
    ],
    ...{ change: "added", isInside: false, fields: [], attention: [], ...more },
  };
}

function event(
  changes: readonly MetadataChange[],
  inconsistent: EventOf<"metadata.diff">["inconsistent"] = [],
): EventOf<"metadata.diff"> {
  return { type: "metadata.diff", resourceVersion: 41, changes: [...changes], inconsistent };
}

const wider = table("public.orders", {
  change: "changed",
  attention: ["all-columns"],
  fields: [{ field: "permission.columns", added: ["*"], removed: ["id"] }],
  place: { file: "metadata/orders.yaml", line: 4, column: 1 },
});

describe("metadata diff as Markdown", () => {
  test("of one environment has what the terminal shows, with the signs first", () => {
    const diffs = [{ environment: "dev-1", event: event([table("public.a"), wider]) }];
    assert.equal(
      diffsMarkdown({ diffs, full: false }),
      `### hasura-migrate metadata diff

| environment | metadata |
| --- | --- |
| dev-1 | 2 objects differ, 1 needs attention |

\`\`\`diff
server now → after apply: + added, - removed, ~ changed, ! needs attention
    source default
+     table public.a
!   ~ table public.orders: all columns · columns id → all
        metadata/orders.yaml:4
\`\`\`
`,
    );
  });

  test("environments that differ in the same way share a part; one without an answer has its reason", () => {
    const same = event([table("public.a")]);
    const text = diffsMarkdown({
      diffs: [
        { environment: "dev-1", event: same },
        { environment: "dev-2", event: { ...same, resourceVersion: 7 } },
        { environment: "dev-3", event: event([]) },
        { environment: "prod", event: undefined, failure: "access | denied" },
      ],
      full: false,
    });
    assert.match(
      text,
      /\| dev-3 \| no difference \|\n\| prod \| no answer: access \\\| denied \|\n/,
    );
    assert.match(text, /\n#### dev-1, dev-2\n\n```diff\n/);
    assert.equal(text.split("```diff").length, 2);
  });

  test("no text from a server ends the block or mentions somebody", () => {
    const hostile = table("x\n```\n@everyone <img>", {
      fields: [{ field: "a", from: "```", to: "\u001b[31m" }],
      change: "changed",
    });
    const text = diffsMarkdown({
      diffs: [{ environment: "a", event: event([hostile]) }],
      full: true,
    });
    assert.match(text, /\n````diff\n/);
    assert(!text.includes("\u001b"));
    assert.equal(text.split("\n````").length, 3);
  });

  test("stays below GitHub's limit, and counts what is left out", () => {
    const many = Array.from({ length: 5000 }, (_, i) => table(`public.table_${String(i)}`));
    const other = Array.from({ length: 5000 }, (_, i) => table(`public.other_${String(i)}`));
    const text = diffsMarkdown({
      diffs: [
        { environment: "dev-1", event: event(many) },
        { environment: "dev-2", event: event(other) },
      ],
      full: false,
    });
    assert(text.length < 65_536, String(text.length));
    const shown = text.split("\n").filter((line) => line.startsWith("+ ")).length;
    assert(shown > 1000);
    const counts = [...text.matchAll(/_(\d+) lines omitted because of the length limit\._/g)];
    const omitted = counts.reduce((sum, [, count]) => sum + Number(count), 0);
    // Each environment has a line for the legend and one for its source, too.
    assert.equal(shown + omitted, 5000 + 5000 + 2);
  });
});

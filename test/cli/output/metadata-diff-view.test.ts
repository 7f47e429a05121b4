import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { colorsFor } from "../../../src/cli/output/terminal/colors.ts";
import { textWidth } from "../../../src/cli/output/terminal/width.ts";
import { differencesText, metadataDiffLines } from "../../../src/cli/output/views/metadata-diff.ts";
import type { EventOf } from "../../../src/protocol/events.ts";
import type { MetadataChange, MetadataFieldChange } from "../../../src/protocol/metadata-change.ts";

const style = colorsFor({ isTTY: false }, {}, false);

function diff(
  changes: readonly MetadataChange[],
  more: Partial<EventOf<"metadata.diff">> = {},
): EventOf<"metadata.diff"> {
  return {
    type: "metadata.diff",
    resourceVersion: 41,
    changes: [...changes],
    inconsistent: [],
    ...more,
  };
}

const legend = "server now → after apply: + added, - removed, ~ changed, ! needs attention";

const lines = (
  event: EventOf<"metadata.diff">,
  look: { readonly columns?: number; readonly isFull?: boolean } = {},
): string[] => metadataDiffLines(event, { style, columns: 100, isFull: false, ...look });

function change(path: string, more: Partial<MetadataChange> = {}): MetadataChange {
  return {
    path: path.split("/").map((part) => {
      const [kind = "", name = ""] = part.split(":");
      return { kind, name };
    }),
    change: "changed",
    isInside: false,
    fields: [],
    attention: [],
    ...more,
  };
}

const orders = "source:default/table:public.orders";
const place = { file: "metadata/databases/default/tables/public_orders.yaml", line: 4, column: 1 };

describe("metadata diff in a terminal", () => {
  test("objects stand below those that contain them, with what differs in each", () => {
    const event = diff([
      change("source:default/table:public.invoices", { change: "added", place }),
      change(`${orders}/select permission:user`, {
        fields: [
          { field: "permission.columns", added: ["discount"], removed: ["note"] },
          { field: "permission.filter", added: ["deleted_at is null"], removed: [], kept: 1 },
        ],
      }),
      change("source:default/table:public.legacy", { change: "removed" }),
      change("action:checkout", {
        fields: [{ field: "definition.output_type", from: "Receipt", to: "Receipt!" }],
      }),
      change("setting:api_limits", { fields: [{ field: "api_limits.disabled", to: "true" }] }),
    ]);
    assert.deepEqual(lines(event), [
      "metadata (resource version 41): 5 objects differ",
      legend,
      "    source default",
      "    + table public.invoices",
      "        metadata/databases/default/tables/public_orders.yaml:4",
      "      table public.orders",
      "      ~ select permission user: columns +discount, -note · filter + deleted_at is null",
      "    - table public.legacy",
      "  ~ action checkout: output_type Receipt → Receipt!",
      "  ~ api_limits: disabled not set → true",
    ]);
  });

  test("a change that should be reviewed has an exclamation mark, and the reason first", () => {
    const event = diff([
      change(`${orders}/update permission:support`, {
        change: "added",
        attention: ["new-permission", "no-row-filter", "a reason of a newer function"],
      }),
    ]);
    assert.deepEqual(lines(event).slice(-1), [
      "!     + update permission support: new permission · no row filter · a reason of a newer function",
    ]);
    assert.equal(differencesText(event), "1 object differs, 1 needs attention");
  });

  const added = [
    change("source:default/table:public.invoices", { change: "added" }),
    ...["a", "b"].map((role) =>
      change(`source:default/table:public.invoices/select permission:${role}`, {
        ...{ change: "added", isInside: true },
        fields: [{ field: "permission.columns", added: ["id"], removed: [] }],
      }),
    ),
    change("source:default/table:public.invoices/array relationship:lines", {
      ...{ change: "added", isInside: true },
    }),
  ] as const;

  test("what is inside an added object is counted, and listed with --full", () => {
    assert.deepEqual(lines(diff(added)), [
      "metadata (resource version 41): 1 object differs",
      legend,
      "    source default",
      "    + table public.invoices: permissions select for a, b · 1 relationship",
    ]);
    assert.deepEqual(lines(diff(added), { isFull: true }).slice(3), [
      "    + table public.invoices",
      "      + select permission a: columns id",
      "      + select permission b: columns id",
      "      + array relationship lines",
    ]);
  });

  test("an object inside an added one is listed if it should be reviewed", () => {
    const open = { ...added[1], attention: ["no-row-filter"] };
    assert.deepEqual(lines(diff([added[0], open])).slice(-1), [
      "!     + select permission a: no row filter · columns id",
    ]);
    assert.equal(differencesText(diff([added[0], open])), "1 object differs, 1 needs attention");
  });

  test("the counts include what is listed because it should be reviewed", () => {
    const field = change("source:default/table:public.invoices/computed field:total", {
      ...{ change: "added", isInside: true },
    });
    const query = { change: "added", isInside: true } as const;
    const [table, select, ...others] = added;
    const event = diff([
      ...[table, { ...select, attention: ["no-row-filter"] }, ...others, field],
      change("query collection:shop", { change: "removed" }),
      ...["a", "b"].map((name) => change(`query collection:shop/query:${name}`, query)),
    ]);
    assert.deepEqual(lines(event).slice(3), [
      "    + table public.invoices: permissions select for a, b · 1 relationship · 1 computed field",
      "!     + select permission a: no row filter · columns id",
      "  - query collection shop: 2 queries",
    ]);
  });

  test("a new permission has its columns, filter and limits; a removed table what still uses it", () => {
    const event = diff([
      change(`${orders}/select permission:clerk`, {
        ...{ change: "added", attention: ["new-permission"] },
        fields: [
          { field: "permission.columns", added: ["id", "total"], removed: [] },
          { field: "permission.filter", added: ["a = 1", "b = 2"], removed: [], kept: 0 },
          { field: "permission.limit", to: "10" },
          { field: "permission.comment", to: "for the shop" },
        ],
      }),
      change(`${orders}/insert permission:clerk`, {
        ...{ change: "added", attention: ["no-check"] },
        fields: [{ field: "permission.check", added: [], removed: [], kept: 0 }],
      }),
      change("source:default/table:public.lines", {
        ...{ change: "removed", attention: ["removed", "still-used"] },
        usedBy: ["array relationship lines of public.orders"],
      }),
    ]);
    assert.deepEqual(lines(event, { columns: 80 }).slice(4), [
      "!     + select permission clerk: new permission · columns id, total",
      "          filter a = 1 and b = 2 · limit 10",
      "!     + insert permission clerk: no check of written rows",
      "!   - table public.lines: no longer in the API",
      "        still used by array relationship lines of public.orders",
    ]);
  });

  test("a relationship by its table and foreign key, a function by the roles that may use it", () => {
    const event = diff([
      change(`${orders}/array relationship:lines`, {
        change: "added",
        fields: [
          { field: "using.foreign_key_constraint_on.table", to: "public.lines" },
          { field: "using.foreign_key_constraint_on.columns", added: ["order_id"], removed: [] },
        ],
      }),
      change("source:default/function:public.search", { change: "added" }),
      change("source:default/function:public.search/function permission:user", {
        ...{ change: "added", isInside: true },
      }),
    ]);
    assert.deepEqual(lines(event).slice(4), [
      "      + array relationship lines: table public.lines · foreign key order_id",
      "    + function public.search: permissions for user",
    ]);
  });

  test("a condition is shown up to several lines", () => {
    const condition = Array.from({ length: 12 }, (_, i) => `column_${String(i)} = 1`).join(" or ");
    const event = diff([
      change(`${orders}/select permission:user`, {
        fields: [{ field: "permission.filter", added: [condition], removed: [], kept: 0 }],
      }),
    ]);
    const text = lines(event, { columns: 80 })
      .slice(4)
      .map((line) => line.trim())
      .join(" ");
    assert.equal(text, `~ select permission user: filter none → ${condition}`);
  });

  test("an object that only has another name", () => {
    const event = diff([
      change(`${orders}/array relationship:items`, {
        fields: [{ field: "name", from: "lines", to: "items" }],
      }),
    ]);
    assert.deepEqual(lines(event).slice(-1), ["      ~ array relationship lines → items: renamed"]);
  });

  test("a name that API clients use, and a new inherited role with its roles", () => {
    const event = diff([
      change(`${orders}/array relationship:items`, {
        fields: [{ field: "name", from: "lines", to: "items" }],
        attention: ["other-names"],
      }),
      change("inherited role:all", {
        ...{ change: "added", attention: ["new-role"] },
        fields: [{ field: "role_set", added: ["clerk", "user"], removed: [] }],
      }),
    ]);
    assert.deepEqual(lines(event).slice(4), [
      "!     ~ array relationship lines → items: different name in the API · renamed",
      "! + inherited role all: new role · role_set clerk, user",
    ]);
  });

  test("all columns, and roles that have the same permissions", () => {
    const permission = (operation: string, role: string): MetadataChange =>
      change(`source:default/table:public.a/${operation} permission:${role}`, {
        ...{ change: "added", isInside: true },
      });
    const event = diff([
      change(`${orders}/select permission:user`, {
        fields: [{ field: "permission.columns", added: ["*"], removed: ["id", "total"] }],
      }),
      change("source:default/table:public.a", { change: "added" }),
      ...["select", "update"].flatMap((each) => [permission(each, "b"), permission(each, "a")]),
      permission("delete", "a"),
    ]);
    assert.deepEqual(lines(event).slice(4), [
      "      ~ select permission user: columns id, total → all",
      "    + table public.a: permissions select, update for a, b; delete for a",
    ]);
  });

  test("a secret is named, not shown", () => {
    const event = diff([
      change("action:checkout", {
        fields: [{ field: "definition.headers.A.value", isSecret: true }],
      }),
    ]);
    assert.deepEqual(lines(event).slice(-1), [
      "  ~ action checkout: headers.A.value differs (secret)",
    ]);
  });

  for (const { onlyIn, texts } of [
    { onlyIn: undefined, texts: "different secret · headers.A.value differs (secret)" },
    { onlyIn: "project", texts: "new secret · headers.A.value is added (secret)" },
    { onlyIn: "server", texts: "secret removed · headers.A.value is removed (secret)" },
  ] as const)
    test(`a secret that ${onlyIn === undefined ? "both sides have" : `only the ${onlyIn} has`}`, () => {
      const field = { field: "definition.headers.A.value", isSecret: true as const };
      const event = diff([
        change("action:checkout", {
          fields: [{ ...field, ...(onlyIn && { onlyIn }) }],
          attention: ["secret-value"],
        }),
      ]);
      assert.deepEqual(lines(event).slice(-1), [`! ~ action checkout: ${texts}`]);
    });

  const limits: readonly (readonly [text: string, fields: readonly MetadataFieldChange[]])[] = [
    ["higher limit", [{ field: "permission.limit", from: "10", to: "20" }]],
    ["limit removed", [{ field: "permission.limit", from: "10" }]],
    ["limit removed", [{ field: "api_limits.disabled", to: "true" }]],
    [
      "limit removed",
      [
        { field: "api_limits.depth_limit.global", from: "5" },
        { field: "api_limits.node_limit.global", from: "9", to: "7" },
      ],
    ],
    [
      "higher limit",
      [
        { field: "api_limits.depth_limit.global", from: "5" },
        { field: "api_limits.node_limit.global", from: "9", to: "11" },
      ],
    ],
  ];
  for (const [text, fields] of limits)
    test(`${JSON.stringify(fields)} is shown as ${text}`, () => {
      const event = diff([
        change("action:x", { fields: [...fields], attention: ["higher-limit"] }),
      ]);
      assert.ok(lines(event)[2]?.startsWith(`! ~ action x: ${text} · `), lines(event).join("\n"));
    });

  test("a row filter that has nothing in common with the old one is shown from the old to the new", () => {
    const event = diff([
      change(`${orders}/select permission:user`, {
        fields: [{ field: "permission.filter", added: [], removed: ["a = 1", "b = 2"], kept: 0 }],
      }),
    ]);
    assert.match(lines(event).at(-1) ?? "", /filter a = 1 and b = 2 → none$/);
  });

  test("no line is wider than a narrow terminal, and control characters are shown", () => {
    const event = diff(
      [
        change(`${orders}/select permission:user`, {
          fields: [
            {
              field: "permission.columns",
              added: Array.from({ length: 30 }, (_, i) => `column_${i}`),
              removed: [],
            },
          ],
        }),
        change("source:default/table:public.evil\u001b[31m", { change: "added", place }),
      ],
      {
        inconsistent: [
          { type: "table", name: "table a in source default", reason: "no such table ".repeat(9) },
        ],
      },
    );
    for (const line of lines(event, { columns: 60 })) {
      assert.ok(textWidth(line) <= 60, line);
      assert.ok(!line.includes("\u001b"));
    }
  });

  test("of many inconsistent objects the first five are shown, and the count of the rest", () => {
    const inconsistent = Array.from({ length: 50 }, (_, i) => ({
      type: "table",
      name: `table t${i} in source default`,
      reason: "no such table",
    }));
    const shown = lines(diff([], { inconsistent }));
    assert.equal(shown.length, 1 + 1 + 5 + 1);
    assert.equal(shown[0], "metadata (resource version 41): no difference");
    assert.equal(shown.at(-1), "  and 45 more: --full");
    assert.equal(lines(diff([], { inconsistent }), { isFull: true }).length, 52);
  });
});

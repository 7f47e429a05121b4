import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { Json } from "../../src/metadata/document/json.ts";
import { spotOf, type JsonPath, type Origins } from "../../src/metadata/document/places.ts";
import { SourceText } from "../../src/metadata/document/source-text.ts";
import { MetadataFailure } from "../../src/metadata/problem.ts";
import { ExpandedSize } from "../../src/metadata/yaml/expanded-size.ts";
import { parseYaml } from "../../src/metadata/yaml/parse-yaml.ts";
import { readPlainBlocks } from "../../src/metadata/yaml/plain-blocks.ts";
import { toJson } from "../../src/metadata/yaml/to-json.ts";

const exported = `table:
  name: users
  schema: public
# those of the Console
object_relationships:
  - name: team
    using:
      foreign_key_constraint_on: team_id
  -   name: "own \\"team\\""
select_permissions:
- role: user
  permission:
    columns:
    - id
    - 'it''s'
    filter: {}
    allow_aggregations: true
    limit: 010
    query_root_fields: []
  comment: ""
- role: a-b
  permission:

event_triggers:
    - name: x
      retry_conf: {}
      webhook: https://example.com/a?b=c#d
`;

const written = `---
# by hand
table: {name: users, schema: "public"} # in braces
select_permissions:
  - role: user # of a person
    permission: # what it may do
      columns: [id, 'it''s', "a \\u00e9 \\"b\\"", -1, 010, ~, a b, [], {}]
      filter: {_and: [{id: {_eq: X-Hasura-User-Id}}, {_not: {}}]}
      check: {"_or":[{"a":{"_eq":true}}, # the first
        # the second
        {
          "b":
            {_is_null: false}

        }]} # both
    'a key': "x: #y"
    "other": |
      query A {
        id   # not a comment

      }

  - >-
    folded
    text

    and more
      deeper

    end
  - |+

    kept

  - role: "b"
`;

/** A value with the offset of everything in it, or the message if it cannot be read. */
function described(read: (source: SourceText, origins: Origins) => Json | undefined, text: string) {
  const origins: Origins = new WeakMap();
  try {
    const value = read(new SourceText("f.yaml", text), origins);
    return value === undefined
      ? undefined
      : { value, offsets: offsetsIn(value, value, [], origins) };
  } catch (thrown) {
    if (thrown instanceof MetadataFailure) return thrown.message;
    throw thrown;
  }
}

function offsetsIn(document: Json, value: Json, path: JsonPath, origins: Origins): unknown[] {
  const own = [path.join("."), spotOf(document, path, origins)?.offset];
  if (typeof value !== "object" || value === null) return [own];
  const entries = Object.entries(value).map(([key, each]: [string, Json]) =>
    offsetsIn(document, each, [...path, Array.isArray(value) ? Number(key) : key], origins),
  );
  return [own, ...entries.flat()];
}

const byLibrary = (text: string) =>
  described(
    (source, origins) => toJson(parseYaml(source), { origins, size: new ExpandedSize() }),
    text,
  );
const byBlocks = (text: string) =>
  described((source, origins) => {
    const read = readPlainBlocks(source, origins);
    return "value" in read ? read.value : undefined;
  }, text);

describe("YAML as an export writes it", () => {
  test("is read as the YAML library reads it, with the same places", () => {
    for (const text of [exported, written, written.replaceAll("\n", "\r\n"), written.trimEnd()]) {
      const read = byBlocks(text);
      assert.notEqual(read, undefined);
      assert.deepEqual(read, byLibrary(text));
    }
  });

  for (const text of [
    "a: b\n  c\n",
    "a: [b,\nc]\n",
    "a: [b\n  c]\n",
    "[a,\nb]\n",
    "a:\n  b: [c,\n  d]\n",
    "a: [b, ]\n",
    "a: {b}\n",
    "a: [b: c]\n",
    "a: {b: 1, b: 2}\n",
    "a: {b:c}\n",
    "a: [b #c\n]\n",
    "a: [b] c\n",
    "a: {{b}}\n",
    "a: |2\n    b\n",
    "a: |\n\n",
    "a: |\n    b\n  c\n",
    "a: |\n     \n  b\n",
    "|\n  a\n",
    "a: 'b\n  c'\n",
    "a: &b c\n",
    "a: b: c\n",
    "a: .inf\n",
    "- - a\n",
    "-\n  a\n",
    "- # a\n  b\n",
    "a: 1\na: 2\n",
    "__proto__: 1\n",
    "a: {__proto__: 1}\n",
    "<<: *a\n",
    "a b: 1\n",
    "'a' : 1\n",
    "a: 'b' c\n",
    "a: 'b'#c\n",
    'a: "\\x41"\n',
    "a:\n\t- b\n",
    "a: b\rc: d\n",
    "a: b\n---\nc: d\n",
    "---\n---\na: b\n",
    "--- a\n",
    "a: b\n...\n",
    "%YAML 1.2\n---\na: b\n",
    " a: b\nc: d\n",
    "a:\n   b: c\n  d: e\n",
    `${"a".repeat(1100)}: b\n`,
    `a: ${"[".repeat(100_000)}\n`,
    "",
    "# none\n",
  ])
    test(`leaves anything else to the library: ${JSON.stringify(text)}`, () => {
      assert.equal(byBlocks(text), undefined);
    });

  test("agrees with the library for every change of a file, or leaves it to the library", () => {
    const pieces = [
      "\n",
      " ",
      "  ",
      "- ",
      ":",
      ": ",
      "#",
      " #",
      "'",
      '"',
      "[",
      "{}",
      "&a ",
      "|",
      ...[
        "x",
        "~",
        ", ",
        "]",
        "}",
        "{a: b}",
        "|",
        "|-",
        "|+",
        ">",
        ">-",
        ">+",
        "\n\n",
        "\r\n",
        "\\",
        "---\n",
      ],
    ];
    const random = sequence(1);
    const pick = <Item>(items: readonly Item[]): Item | undefined => items[random(items.length)];
    let accepted = 0;
    for (let round = 0; round < 8000; round += 1) {
      const lines = (round % 3 === 0 ? exported : written).split("\n");
      const from = random(lines.length);
      const part = lines.slice(from, from + 2 + random(8)).join("\n");
      const at = random(part.length + 1);
      const text = part.slice(0, at) + (pick(pieces) ?? "") + part.slice(at + random(3));
      const read = byBlocks(text);
      if (read === undefined) continue;
      accepted += 1;
      assert.deepEqual(read, byLibrary(text), JSON.stringify(text));
    }
    assert.ok(accepted > 1000, String(accepted));
  });
});

/** Numbers below a limit that are the same in each run. */
function sequence(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

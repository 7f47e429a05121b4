import type { Json, JsonMap } from "../../../../src/metadata/document/json.ts";

/** Numbers from 0 to below `below`, the same for the same seed. */
export type Random = (below: number) => number;

export function randomFrom(seed: number): Random {
  let state = seed * 2_654_435_761 + 1;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const words = [
  ...[
    "orders",
    "users",
    "a b",
    "Ünïcode",
    "select",
    "yes",
    "null",
    "1",
    "1.5",
    "0x1F",
    "2020-01-01",
  ],
  ...[
    "{{ENV}}",
    "a: b",
    "#x",
    "- a",
    "it's",
    'say "x"',
    "a\nb\n",
    "  lead\nb",
    "a\n\n",
    "tab\there",
  ],
  ...[
    "*",
    "@x",
    "😀",
    "\u0001",
    "a #b",
    "key:",
    "~",
    "!x",
    "%a",
    "X-Hasura-User-Id",
    "a\\nb",
    "<<",
  ],
  ...[
    "query {\n  a\n}\n",
    "line  \nspace",
    "\u2028",
    "true",
    "on",
    "0o17",
    "1_000",
    "12:30",
    "=",
    ".",
  ],
];

const pick = <T>(random: Random, from: readonly [T, ...T[]] | readonly T[]): T => {
  const found = from[random(from.length)];
  if (found === undefined) throw new Error("nothing to pick from");
  return found;
};

const list = <T>(random: Random, most: number, make: (index: number) => T): T[] =>
  Array.from({ length: random(most + 1) }, (_, index) => make(index));

/** Any value that a condition or a comment may have. */
function anyValue(random: Random, depth = 2): Json {
  switch (random(depth > 0 ? 7 : 4)) {
    case 0:
    case 1:
      return pick(random, words);
    case 2:
      return random(1000) - 500;
    case 3:
      return pick(random, [true, false, null, 0.5]);
    case 4:
      return list(random, 3, () => anyValue(random, depth - 1));
    default:
      return Object.fromEntries(
        list(random, 3, (i) => [`${pick(random, words)}${String(i)}`, anyValue(random, depth - 1)]),
      );
  }
}

function permission(random: Random, role: number): JsonMap {
  return {
    role: `role ${String(role)}`,
    permission: {
      columns: list(random, 4, (i) => `column_${String(i)}`),
      filter: { [pick(random, words)]: { _eq: anyValue(random) } },
      ...(random(2) === 0 && { allow_aggregations: true }),
      ...(random(3) === 0 && { limit: random(100) + 1 }),
    },
    ...(random(3) === 0 && { comment: pick(random, words) }),
  };
}

function table(random: Random, name: string): JsonMap {
  return {
    table: { schema: pick(random, ["public", "audit"]), name },
    ...(random(3) === 0 && {
      configuration: {
        column_config: { id: { custom_name: pick(random, words) } },
        custom_name: "x",
        custom_root_fields: {},
      },
    }),
    ...(random(2) === 0 && {
      object_relationships: [
        { name: "owner", using: { foreign_key_constraint_on: `owner_${String(random(3))}` } },
      ],
    }),
    select_permissions: list(random, 3, (i) => permission(random, i)),
    ...(random(3) === 0 && {
      event_triggers: [
        {
          name: `${name}_changed`,
          definition: { enable_manual: false, insert: { columns: "*" } },
          retry_conf: { interval_sec: 10, num_retries: random(3), timeout_sec: 60 },
          webhook: pick(random, words),
          headers: [{ name: "key", value: pick(random, words) }],
        },
      ],
    }),
    future_key: anyValue(random),
  };
}

/** Names of tables, also such that no file can have and such that differ only in case. */
const tableNames = [
  ...["orders", "Orders", "ORDERS", "users", "items", "a/b", "../up", "con", "x".repeat(200)],
  ...["with space", 'quo"te', "tab\tle", "Ünïcode", "dot.", ".hidden", "tables", "line\nfeed"],
] as const;

function uniqueBy(items: readonly JsonMap[], key: (item: JsonMap) => string): JsonMap[] {
  return [...new Map(items.map((item) => [key(item), item])).values()];
}

function source(random: Random, name: string): JsonMap {
  const tables = tableNames.filter(() => random(3) > 0).map((each) => table(random, each));
  return {
    name,
    kind: "postgres",
    tables,
    ...(random(2) === 0 && {
      functions: uniqueBy(
        list(random, 3, (i) => ({ function: { schema: "public", name: `search_${String(i)}` } })),
        (each) => JSON.stringify(each["function"]),
      ),
    }),
    configuration: { connection_info: { database_url: { from_env: `URL_${String(random(3))}` } } },
    ...(random(3) === 0 && { future_key: anyValue(random) }),
  };
}

const description = (random: Random): JsonMap =>
  random(2) === 0
    ? { description: null }
    : { description: pick(random, ["a text", "two\nlines", 'with "quotes"', '"""', "back\\"]) };

function action(random: Random, name: string): JsonMap {
  const type = pick(random, ["query", "mutation"]);
  return {
    name,
    definition: {
      ...(type === "mutation" && { kind: pick(random, ["synchronous", "asynchronous"]) }),
      type,
      handler: pick(random, words),
      arguments: list(random, 2, (i) => ({
        ...{ name: `argument_${String(i)}`, type: pick(random, ["Int!", "[String!]!"]) },
        ...description(random),
      })),
      output_type: "Answer",
      ...(random(3) === 0 && { timeout: 60 }),
      ...(random(3) === 0 && { ignored_client_headers: ["a"] }),
    },
    ...(random(2) === 0 && { permissions: list(random, 2, (i) => ({ role: String(i) })) }),
    ...(random(3) === 0 && { comment: pick(random, words) }),
  };
}

function customTypes(random: Random): JsonMap {
  const fields = (): JsonMap[] => [
    { name: "id", type: "Int!", ...description(random) },
    ...list(random, 2, (i) => ({
      ...{ name: `field_${String(i)}`, type: pick(random, ["String", "[Int]"]) },
      ...description(random),
    })),
  ];
  return {
    enums: list(random, 2, (i) => ({
      name: `Enum${String(i)}`,
      values: [{ value: "A", is_deprecated: null, ...description(random) }],
    })),
    input_objects: list(random, 2, (i) => ({ name: `Input${String(i)}`, fields: fields() })),
    objects: [
      { name: "Answer", fields: fields(), ...(random(2) === 0 && { description: "the answer" }) },
    ],
    scalars: list(random, 2, (i) => ({ name: `Scalar${String(i)}` })),
  };
}

/** A document as a server exports it. */
export function serverDocument(random: Random): JsonMap {
  const hasActions = random(3) > 0;
  return {
    version: 3,
    sources: ["default", "Analytics", "analytics", "a/../b"]
      .filter((_, i) => i === 0 || random(2) === 0)
      .map((name) => source(random, name)),
    ...(random(2) === 0 && {
      remote_schemas: list(random, 2, (i) => ({
        name: `remote ${String(i)}`,
        definition: { url: pick(random, words), timeout_seconds: random(2) === 0 ? 60 : 30 },
      })),
    }),
    ...(random(2) === 0 && {
      query_collections: [
        {
          name: "allowed-queries",
          definition: {
            queries: list(random, 3, (i) => ({
              name: `q${String(i)}`,
              query: pick(random, words),
            })),
          },
        },
      ],
    }),
    ...(hasActions && {
      actions: ["login", "logout", "search"]
        .filter(() => random(2) === 0)
        .map((name) => action(random, name)),
      custom_types: customTypes(random),
    }),
    ...(random(3) === 0 && { network: { tls_allowlist: [{ host: "a.example" }] } }),
    ...(random(3) === 0 && {
      api_limits: { disabled: false, depth_limit: { global: random(5) + 1, per_role: {} } },
    }),
  };
}

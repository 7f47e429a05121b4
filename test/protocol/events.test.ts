import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { endsInvocation, RunEvent } from "../../src/protocol/events.ts";
import type { FailureData } from "../../src/protocol/failure.ts";

const at = "2026-11-24T10:00:00.000Z";
const migration = { database: "default", version: "1", name: "a", direction: "up" } as const;
const seed = { database: "default", seed: "01_a.sql" };
const counts = { applied: 1, notReached: 2, tookMs: 3.5 };
const failure = {
  kind: "migration",
  code: "sql-failed",
  message: "1 a failed.",
  hints: [],
  causes: [],
  sql: { file: "up.sql", sqlstate: "42601", message: "syntax error", detail: "d", hint: "h" },
} satisfies FailureData;

const optionalOfFailure = [
  "hints",
  "causes",
  "sql",
  "sql.file",
  "sql.sqlstate",
  "sql.detail",
  "sql.hint",
].map((field) => `failure.${field}`);

/** One event of each type with every field that it may have, and the paths of those that may be missing. */
const events: readonly { event: RunEvent; optional: readonly string[] }[] = [
  {
    event: {
      type: "run.started",
      runId: "019abc",
      environment: "dev-1",
      operation: "apply",
      contract: { newest: 1, oldest: 1 },
      operations: ["apply", "status"],
      requestId: "r-1",
      function: { name: "hasura-migrate-dev-1", version: "7", package: "0.1.0", arn: "arn:aws:x" },
      image: { commit: "abc", builtAt: at },
      hasura: { version: "v2.48.1" },
      engine: "native",
      store: "ledger",
      migrationSource: "upload",
      upload: { directory: "shop/hasura", branch: "add-coupons", commit: "abc", dirty: true },
      protected: true,
      at,
    },
    optional: [
      ...["function.arn", "image.commit", "image.builtAt", "hasura.version"],
      ...["upload", "upload.branch", "upload.commit", "upload.dirty"],
    ],
  },
  {
    event: {
      type: "plan",
      dryRun: true,
      databases: [
        {
          database: "default",
          kind: "postgres",
          applied: 4,
          items: [
            {
              version: "5",
              name: "e",
              direction: "up",
              file: "migrations/default/5_e/up.sql",
              lines: 0,
              transaction: false,
              outOfOrder: true,
              differsFromImage: true,
              sql: "",
            },
          ],
          files: ["5"],
        },
      ],
      more: true,
    },
    optional: [
      "dryRun",
      "databases.0.items.0.outOfOrder",
      "databases.0.items.0.differsFromImage",
      "databases.0.items.0.sql",
      "databases.0.files",
      "more",
    ],
  },
  {
    event: {
      type: "status",
      databases: [
        {
          database: "default",
          kind: "citus",
          store: "catalog",
          migrations: [
            {
              version: "1",
              name: "",
              state: "dirty",
              hasDown: true,
              differsFromImage: true,
              appliedAt: at,
              runId: "019abc",
            },
          ],
        },
      ],
      more: true,
    },
    optional: [
      "databases.0.migrations.0.hasDown",
      "databases.0.migrations.0.differsFromImage",
      "databases.0.migrations.0.appliedAt",
      "databases.0.migrations.0.runId",
      "more",
    ],
  },
  {
    event: {
      type: "inventory",
      sources: ["image", "upload"],
      protected: false,
      digest: "d",
      configVersion: 3,
      databases: [
        {
          database: "default",
          versions: ["5"],
          digests: ["e"],
          applied: ["4", "5"],
          inDoubt: ["4"],
          seeds: [{ name: "01_a.sql", checksum: "c" }],
        },
      ],
      more: true,
    },
    optional: ["configVersion", "databases.0.inDoubt", "databases.0.seeds", "more"],
  },
  {
    event: {
      type: "history",
      runs: [
        {
          runId: "019abc",
          operation: "apply",
          user: "ada",
          host: "laptop",
          gitCommit: "abc",
          gitBranch: "main",
          ciJob: "https://ci.example.com/1",
          imageCommit: "abc",
          source: {
            ...{ kind: "upload", directory: "shop/hasura" },
            ...{ branch: "add-coupons", commit: "abc", dirty: true },
          },
          requestId: "r-1",
          startedAt: at,
          endedAt: at,
          outcome: "finished",
          failure: "1 a failed.",
          live: false,
          activity: "create index",
          migrations: [{ database: "default", version: "1", name: "a", change: "up", ms: 12.5 }],
          seeds: [{ database: "default", name: "01_a.sql", ms: 2 }],
        },
      ],
      more: true,
    },
    optional: [
      ...["gitCommit", "gitBranch", "ciJob", "imageCommit", "endedAt", "outcome", "failure"].map(
        (field) => `runs.0.${field}`,
      ),
      "runs.0.source",
      ...["directory", "branch", "commit", "dirty"].map((field) => `runs.0.source.${field}`),
      "runs.0.activity",
      "runs.0.migrations.0.ms",
      "runs.0.seeds",
      "runs.0.seeds.0.ms",
      "more",
    ],
  },
  {
    event: {
      ...{ type: "check", name: "admin-secret", state: "failed", message: "refused", tookMs: 3 },
      failure,
    },
    optional: ["failure", ...optionalOfFailure],
  },
  { event: { type: "cancel.requested", runs: ["019abc"] }, optional: [] },
  {
    event: {
      type: "rows",
      database: "default",
      columns: ["a"],
      rows: [["1"], [null]],
      cut: "rows",
      continues: true,
      more: true,
    },
    optional: ["cut", "continues", "more"],
  },
  {
    event: {
      type: "locks",
      database: "default",
      notShown: 0,
      sessions: [
        {
          pid: 1,
          application: "psql",
          user: "alice",
          state: "active",
          process: "walsender",
          openMs: 1,
          query: "SELECT 1",
          migration: { version: "1", name: "a" },
          seed: "01_a.sql",
          waitsFor: { mode: "ShareLock", kind: "relation", object: "orders", waitedMs: 1 },
          blockedBy: [{ pid: 2, holds: "ShareLock" }],
        },
      ],
    },
    optional: [
      "sessions.0.application",
      "sessions.0.user",
      "sessions.0.state",
      "sessions.0.process",
      "sessions.0.openMs",
      "sessions.0.query",
      "sessions.0.migration",
      "sessions.0.seed",
      "sessions.0.waitsFor",
      "sessions.0.waitsFor.object",
      "sessions.0.waitsFor.waitedMs",
      "sessions.0.blockedBy.0.holds",
    ],
  },
  {
    event: {
      type: "rehearsal",
      database: "default",
      tookMs: 2,
      migrations: [
        {
          ...{ version: "1", name: "a", file: "migrations/default/1_a/up.sql", tookMs: 0.5 },
          locks: [{ relation: "public.orders", mode: "ACCESS EXCLUSIVE" }],
        },
      ],
      failed: { version: "2", name: "b" },
      notRun: [{ version: "3", name: "c", reason: "it comes after 2_b" }],
      failure,
    },
    optional: ["failed", "failure", ...optionalOfFailure],
  },
  {
    event: {
      type: "metadata.diff",
      fingerprint: "0a",
      dryRun: true,
      resourceVersion: 41,
      changes: [
        {
          path: [
            { kind: "source", name: "default" },
            { kind: "table", name: "public.orders" },
            { kind: "select permission", name: "user" },
          ],
          change: "changed",
          isInside: false,
          fields: [
            { field: "permission.columns", added: ["discount"], removed: ["note"] },
            { field: "permission.filter", added: [], removed: ["a = 1"], kept: 1 },
            { field: "permission.limit", from: "10", to: "100" },
            { field: "secret", isSecret: true, onlyIn: "project" },
          ],
          attention: ["weaker-row-filter"],
          at: ["sources", 0, "tables", 3],
          place: {
            file: "metadata/databases/default/tables/public_orders.yaml",
            line: 4,
            column: 3,
          },
        },
      ],
      inconsistent: [{ type: "table", name: "table a in source default", reason: "no such table" }],
      more: true,
    },
    optional: [
      ...["fingerprint", "dryRun", "changes.0.at", "changes.0.place", "more"],
      ...["added", "removed"].map((field) => `changes.0.fields.0.${field}`),
      ...["added", "kept", "removed"].map((field) => `changes.0.fields.1.${field}`),
      ...[
        "changes.0.fields.2.from",
        "changes.0.fields.2.to",
        "changes.0.fields.3.isSecret",
        "changes.0.fields.3.onlyIn",
      ],
    ],
  },
  {
    event: {
      ...{ type: "metadata.document", resourceVersion: 41, encoding: "brotli", bytes: 2 },
      ...{ data: "CwGAe30D", more: true },
    },
    optional: ["more"],
  },
  {
    event: {
      type: "metadata.applied",
      resourceVersion: 42,
      objects: 2,
      tookMs: 12,
      inconsistent: {
        broken: [{ type: "table", name: "table a in source default", reason: "no such table" }],
        before: 1,
      },
    },
    optional: [],
  },
  {
    event: {
      type: "metadata.status",
      resourceVersion: 42,
      inconsistent: [
        {
          ...{ type: "table", name: "table a in source default", reason: "no such table" },
          since: {
            ...{ relation: "since-run", at: "2026-11-25T10:00:00Z", runId: "0199" },
            ...{ operation: "metadata-apply", user: "ada" },
          },
        },
      ],
      replaced: {
        ...{ at: "2026-11-25T10:00:00Z", runId: "0199", canRestore: true },
        ...{ operation: "metadata-apply", user: "ada" },
      },
      more: true,
    },
    optional: [
      ...["inconsistent.0.since", "inconsistent.0.since.operation", "inconsistent.0.since.user"],
      ...["replaced", "replaced.operation", "replaced.user", "more"],
    ],
  },
  { event: { type: "migration.started", ...migration }, optional: [] },
  {
    event: { type: "migration.applied", ...migration, tookMs: 0, notices: ["a notice"] },
    optional: ["notices"],
  },
  {
    event: {
      type: "migration.failed",
      ...migration,
      tookMs: 0,
      failure,
    },
    optional: optionalOfFailure,
  },
  { event: { type: "migration.skipped", ...migration, reason: "already applied" }, optional: [] },
  { event: { type: "migration.unknown", ...migration, reason: "answer lost" }, optional: [] },
  {
    event: {
      type: "migration.marked",
      database: "default",
      version: "1",
      name: "a",
      as: "pending",
    },
    optional: [],
  },
  {
    event: {
      type: "seed.plan",
      dryRun: true,
      fingerprint: "f",
      databases: [
        {
          database: "default",
          kind: "postgres",
          recorded: true,
          items: [
            {
              ...{ seed: "01_a.sql", file: "seeds/default/01_a.sql", lines: 2 },
              ...{ state: "again", appliedAt: at },
            },
          ],
        },
      ],
      more: true,
    },
    optional: ["dryRun", "fingerprint", "databases.0.items.0.appliedAt", "more"],
  },
  { event: { type: "seed.started", ...seed }, optional: [] },
  {
    event: { type: "seed.applied", ...seed, tookMs: 1, notices: ["empty"] },
    optional: ["notices"],
  },
  { event: { type: "seed.failed", ...seed, tookMs: 1, failure }, optional: optionalOfFailure },
  { event: { type: "seed.skipped", ...seed, reason: "was run before" }, optional: [] },
  { event: { type: "seed.unknown", ...seed, reason: "lost" }, optional: [] },
  {
    event: { type: "waiting", reason: "lock", message: "waiting for a lock", waitedMs: 0 },
    optional: [],
  },
  { event: { type: "heartbeat", at }, optional: [] },
  { event: { type: "log", level: "warning", code: "changed-file", message: "m" }, optional: [] },
  {
    event: {
      type: "metadata.reloaded",
      tookMs: 0,
      inconsistent: {
        broken: [{ type: "table", name: "users", reason: "no such table" }],
        before: 0,
      },
    },
    optional: [],
  },
  { event: { type: "run.paused", reason: "deadline", ...counts }, optional: [] },
  { event: { type: "run.finished", ...counts, cancelled: true }, optional: ["cancelled"] },
  {
    event: {
      type: "run.failed",
      ...counts,
      failure,
    },
    optional: optionalOfFailure,
  },
];

describe("events", () => {
  test("every type has a sample", () => {
    const types = RunEvent.options.map(({ shape }) => shape.type.value);
    assert.deepEqual(
      types,
      events.map(({ event }) => event.type),
    );
  });

  for (const { event, optional } of events) {
    test(`${event.type} arrives with every known field, and without unknown ones`, () => {
      const sent = { ...event, fromTheFuture: 1 };
      assert.deepEqual(RunEvent.parse(JSON.parse(JSON.stringify(sent))), event);
    });

    test(`${event.type} needs each of its fields but ${optional.join(", ") || "none"}`, () => {
      const dispensable = fieldsOf(event).filter(
        (path) => path !== "type" && RunEvent.safeParse(without(event, path)).success,
      );
      assert.deepEqual(dispensable.toSorted(), optional.toSorted());
    });
  }

  const refused: [what: string, event: RunEvent, path: string, value: unknown][] = [
    ["a negative count", sample("run.finished"), "applied", -1],
    ["half a migration", sample("run.failed"), "notReached", 0.5],
    ["a negative duration", sample("migration.applied"), "tookMs", -1],
    ["a negative wait", sample("waiting"), "waitedMs", -1],
    ["a negative number of lines", sample("plan"), "databases.0.items.0.lines", -1],
    ["a number as a version", sample("migration.started"), "version", 1],
    ["a day without a time", sample("heartbeat"), "at", "2026-11-24"],
    ["an unknown state", sample("status"), "databases.0.migrations.0.state", "lost"],
    ["more: false, which no part has", sample("history"), "more", false],
    ["an unknown store", sample("run.started"), "store", "file"],
  ];
  for (const [what, event, path, value] of refused) {
    test(`${what} in ${event.type} is refused`, () => {
      assert(!RunEvent.safeParse(replaced(event, path, value)).success);
    });
  }

  const values: [what: string, type: RunEvent["type"], path: string, values: readonly unknown[]][] =
    [
      ["nothing applied", "run.finished", "applied", [0]],
      ["nothing left over", "run.finished", "notReached", [0]],
      ["no time at all", "run.finished", "tookMs", [0]],
      ["no migration recorded yet", "plan", "databases.0.applied", [0]],
      ["either engine", "run.started", "engine", ["native", "hasura-cli"]],
      ["either store", "run.started", "store", ["catalog", "ledger"]],
      ["either source of the migrations", "run.started", "migrationSource", ["image", "upload"]],
      ["either direction", "migration.started", "direction", ["up", "down"]],
      ["either mark", "migration.marked", "as", ["applied", "pending"]],
      ["any level", "log", "level", ["debug", "info", "warning"]],
      ["any reason to wait", "waiting", "reason", ["hasura", "run", "lock", "outcome"]],
      [
        "any state of a migration",
        "status",
        "databases.0.migrations.0.state",
        ["pending", "applied", "unknown", "changed", "dirty", "interrupted", "running"],
      ],
      ["either store of a database", "status", "databases.0.store", ["catalog", "ledger"]],
    ];
  for (const [what, type, path, possible] of values) {
    test(`${what} is possible in ${type}`, () => {
      for (const value of possible)
        assert(RunEvent.safeParse(replaced(sample(type), path, value)).success, String(value));
    });
  }

  test("a stream ends with run.finished, run.failed or run.paused, and with nothing else", () => {
    const closing = events.map(({ event }) => event).filter(endsInvocation);
    assert.deepEqual(
      closing.map(({ type }) => type),
      ["run.paused", "run.finished", "run.failed"],
    );
  });
});

function sample(type: RunEvent["type"]): RunEvent {
  const found = events.find(({ event }) => event.type === type);
  assert(found);
  return found.event;
}

/** The paths of all fields, such as `databases.0.items.0.sql`; items of lists are not fields. */
function fieldsOf(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    ...(Array.isArray(value) ? [] : [key]),
    ...fieldsOf(inner).map((path) => `${key}.${path}`),
  ]);
}

function without(value: unknown, path: string): unknown {
  return changed(value, path.split("."), (entries, key) =>
    entries.filter(([name]) => name !== key),
  );
}

function replaced(value: unknown, path: string, by: unknown): unknown {
  return changed(value, path.split("."), (entries, key) =>
    entries.map(([name, old]) => [name, name === key ? by : old]),
  );
}

/** A copy of a value with other entries in the object that holds the last key of the path. */
function changed(
  value: unknown,
  [key = "", ...rest]: readonly string[],
  change: (entries: [string, unknown][], key: string) => [string, unknown][],
): unknown {
  assert(typeof value === "object" && value !== null);
  const entries: [string, unknown][] = Object.entries(value);
  if (rest.length === 0) return Object.fromEntries(change(entries, key));
  const copy = entries.map(([name, inner]): [string, unknown] => [
    name,
    name === key ? changed(inner, rest, change) : inner,
  ]);
  return Array.isArray(value) ? copy.map(([, inner]) => inner) : Object.fromEntries(copy);
}

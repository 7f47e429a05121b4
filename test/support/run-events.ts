/* Events of runs, as a function writes them. */

const of = (version: string, name: string, direction: "up" | "down" = "up") => ({
  database: "default",
  version,
  name,
  direction,
});

/** Stands for the id of the run that was asked for; `inAnswerTo` fills it in. */
export const askedRun = "0199a7c0-0000-7000-8000-000000000000";

/** An event as the answer to a request: the run is the one that was asked for. */
export function inAnswerTo(body: string, event: object): object {
  if (!("runId" in event) || event.runId !== askedRun) return event;
  const { runId, environment, operation } = JSON.parse(body) as Record<string, string>;
  return { ...event, runId, environment, operation };
}

/** The same for several events, as lines. */
export function linesInAnswerTo(body: string, events: readonly object[]): string {
  return events.map((event) => `${JSON.stringify(inAnswerTo(body, event))}\n`).join("");
}

export function started(environment = "dev-3", more: object = {}): object {
  return {
    type: "run.started",
    runId: askedRun,
    environment,
    operation: "apply",
    contract: { newest: 1, oldest: 1 },
    operations: ["apply", "status", "plan", "down", "redo", "mark"],
    requestId: "r-1",
    function: {
      name: "hasura-migrate-dev-3",
      version: "$LATEST",
      package: "0.1.0",
      arn: "arn:aws:lambda:eu-west-1:111122223333:function:hasura-migrate-dev-3",
    },
    image: { commit: "4c6ea1a", builtAt: "2026-11-22T12:00:00Z" },
    hasura: { version: "v2.45.1" },
    engine: "native",
    store: "catalog",
    migrationSource: "image",
    protected: false,
    at: "2026-11-24T12:04:11Z",
    ...more,
  };
}

export function item(version: string, name: string, more: object = {}): object {
  return {
    version,
    name,
    direction: "up",
    file: `migrations/default/${version}_${name}/up.sql`,
    lines: 12,
    transaction: true,
    ...more,
  };
}

export function plan(items: readonly object[], more: object = {}): object {
  return {
    type: "plan",
    databases: [{ database: "default", kind: "postgres", applied: 214, items, ...more }],
  };
}

export const migrationStarted = (version: string, name: string): object => ({
  type: "migration.started",
  ...of(version, name),
});
export const applied = (version: string, name: string, tookMs = 41): object => ({
  type: "migration.applied",
  ...of(version, name),
  tookMs,
});
export const failedMigration = (version: string, name: string, failure: object): object => ({
  type: "migration.failed",
  ...of(version, name),
  tookMs: 22,
  failure,
});
export const finished = (count: number, tookMs = 1200): object => ({
  type: "run.finished",
  applied: count,
  notReached: 0,
  tookMs,
});
export const failedRun = (failure: object, count = 0, notReached = 0): object => ({
  type: "run.failed",
  applied: count,
  notReached,
  tookMs: 99,
  failure,
});

export const constraint = {
  kind: "migration",
  code: "sql-failed",
  message:
    "migrations/default/1700000000200_drop_legacy_flag/up.sql failed: cannot drop column legacy of table orders because other objects depend on it (SQLSTATE 2BP01)",
  hints: [{ kind: "retry", reason: "fix the file, then run it again" }],
  causes: [],
  sql: {
    file: "migrations/default/1700000000200_drop_legacy_flag/up.sql",
    sqlstate: "2BP01",
    message: "cannot drop column legacy of table orders because other objects depend on it",
    detail: "view order_report depends on column legacy of table orders",
    hint: "Use DROP ... CASCADE to drop the dependent objects too.",
    place: { line: 1, column: 26, text: "alter table orders drop column legacy;" },
  },
};

export function status(rows: readonly object[]): object {
  return {
    type: "status",
    databases: [{ database: "default", kind: "postgres", store: "catalog", migrations: rows }],
  };
}

/** What a function with a ledger can do. */
export const ledgerOperations = [
  "apply",
  "status",
  "plan",
  "down",
  "redo",
  "mark",
  "cancel",
  "history",
];

/** A past run as the ledger has it: not ended and not live, until `more` says otherwise. */
export function historyOf(run: string, more: object = {}): object {
  return {
    runId: run,
    operation: "apply",
    user: "bob",
    host: "ci-1",
    requestId: "r-1",
    startedAt: "2026-11-24T12:00:00.000Z",
    live: false,
    migrations: [],
    ...more,
  };
}

/** The run that a request asks about, under an id of its own. */
export function runIdOfCall(body: string): string {
  const { runId, options } = JSON.parse(body) as { runId: string; options: { run: string } };
  if (runId === options.run) throw new Error("a question has to have an id of its own");
  return options.run;
}

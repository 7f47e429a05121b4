import assert from "node:assert/strict";
import { describe, test } from "vitest";
import {
  historyLimit,
  isAllowed,
  isOperation,
  longestStatement,
  operationNames,
  operations,
  permissions,
  rowLimit,
  type Operation,
  type Permission,
} from "../../src/protocol/operations.ts";
import { changesSomething, ledgerUseOf, Request } from "../../src/protocol/request.ts";
import {
  contractVersion,
  isSupportedContract,
  oldestContract,
} from "../../src/protocol/version.ts";

const actor = { user: "ada", host: "laptop", gitCommit: "abc", gitBranch: "main", ciJob: "7" };
const envelope = {
  contract: 1,
  runId: "019abcde-0000-7000-8000-000000000000",
  environment: "dev-1",
  actor,
};
const executing = {
  reload: false,
  waitSeconds: 0,
  confirm: "dev-1",
  dryRun: false,
  strict: true,
  noTransaction: true,
  sliceMs: 1,
};
const selection = { database: "default", steps: 1, to: "5", only: "5" };

/** Every operation with every option it takes. */
const requests = {
  apply: { ...selection, ...executing, outOfOrder: true, changed: true },
  down: { ...selection, ...executing, all: true },
  redo: { database: "default", reload: true, waitSeconds: 0.5, confirm: "dev-1" },
  "reset-to": {
    ...{ database: "default", reload: false, waitSeconds: 0, confirm: "dev-1", expectedPlan: "f" },
    ...{ dryRun: false, noTransaction: true, sliceMs: 1 },
    ...{ keep: true, changed: true, outOfOrder: true },
  },
  status: { database: "default" },
  plan: selection,
  rehearse: selection,
  inventory: { database: "default" },
  mark: {
    database: "default",
    versions: ["1"],
    pending: true,
    upTo: "1",
    as: "pending",
    confirm: "dev-1",
    waitSeconds: 0,
  },
  seed: {
    database: "default",
    files: ["01_countries.sql"],
    again: true,
    dryRun: true,
    confirm: "dev-1",
    expectedPlan: "a".repeat(64),
    waitSeconds: 0,
    sliceMs: 1,
  },
  cancel: { run: "019abc" },
  history: { run: "019abc", limit: historyLimit },
  sql: { database: "default", sql: "SELECT 1", limit: 1 },
  locks: { database: "default" },
  "metadata-diff": {},
  "metadata-export": {},
  "metadata-apply": {
    dryRun: true,
    allowInconsistent: true,
    waitSeconds: 0,
    confirm: "dev-1",
    expectedPlan: "0a",
  },
  "metadata-restore": {
    run: "0199a7c0",
    dryRun: true,
    allowInconsistent: true,
    waitSeconds: 0,
    confirm: "dev-1",
    expectedPlan: "0a",
  },
  "metadata-reload": { recreateEventTriggers: true, waitSeconds: 0 },
  "metadata-status": {},
  doctor: {},
  ping: {},
} as const satisfies Record<Operation, object>;

const requestOf = (operation: Operation, options: object, change: object = {}): unknown => ({
  ...envelope,
  ...change,
  operation,
  options,
});
const isAccepted = (request: unknown): boolean => Request.safeParse(request).success;

describe("requests", () => {
  for (const operation of operationNames) {
    test(`${operation} arrives with every option it takes`, () => {
      const request = requestOf(operation, requests[operation]);
      assert.deepEqual(Request.parse(request), request);
    });

    test(`${operation} with an unknown option is refused`, () => {
      assert(!isAccepted(requestOf(operation, { ...requests[operation], force: true })));
    });
  }

  test("every option can be left out, except what to mark as, and the statement", () => {
    for (const operation of operationNames)
      assert.equal(
        isAccepted(requestOf(operation, {})),
        operation !== "mark" && operation !== "sql",
        operation,
      );
    assert(isAccepted(requestOf("sql", { sql: "SELECT 1" })));
    assert(isAccepted(requestOf("mark", { versions: ["1"], as: "applied" })));
    assert(!isAccepted(requestOf("mark", { versions: ["1"] })));
    assert(isAccepted(requestOf("mark", { inDoubt: true, as: "applied" })));
  });

  const values: [operation: Operation, options: object, accepted: boolean][] = [
    ["apply", { steps: 0 }, false],
    ["apply", { steps: 1.5 }, false],
    ["apply", { sliceMs: 0 }, false],
    ["apply", { waitSeconds: -1 }, false],
    ["apply", { database: "" }, false],
    ["apply", { database: "d" }, true],
    ["apply", { to: "latest" }, false],
    ["down", { only: "1x" }, false],
    ["mark", { versions: [], as: "applied" }, false],
    ["mark", { versions: ["1"], as: "done" }, false],
    ["sql", { sql: "" }, false],
    ["sql", { sql: "a\0b" }, false],
    ["sql", { sql: "a\ud800b" }, false],
    ["sql", { sql: "x".repeat(longestStatement) }, true],
    ["sql", { sql: "x".repeat(longestStatement + 1) }, false],
    ["sql", { sql: "SELECT 1", limit: rowLimit.most + 1 }, false],
    ["history", { limit: 0 }, false],
    ["history", { limit: 1 }, true],
    ["history", { limit: historyLimit + 1 }, false],
  ];
  for (const [operation, options, accepted] of values) {
    test(`${operation} with ${JSON.stringify(options)} is ${accepted ? "accepted" : "refused"}`, () => {
      assert.equal(isAccepted(requestOf(operation, options)), accepted);
    });
  }

  const envelopes: [what: string, change: object, accepted: boolean][] = [
    ["an actor without Git or CI", { actor: { user: "ada", host: "laptop" } }, true],
    ["an actor without a host", { actor: { user: "ada" } }, false],
    ["an actor without a user", { actor: { host: "laptop" } }, false],
    ["an actor with another field", { actor: { ...actor, shell: "zsh" } }, false],
    ["a user of 200 characters", { actor: { ...actor, user: "x".repeat(200) } }, true],
    ["a user of 201 characters", { actor: { ...actor, user: "x".repeat(201) } }, false],
    ["a host of 200 characters", { actor: { ...actor, host: "x".repeat(200) } }, true],
    ["a host of 201 characters", { actor: { ...actor, host: "x".repeat(201) } }, false],
    ["a commit of 100 characters", { actor: { ...actor, gitCommit: "x".repeat(100) } }, true],
    ["a commit of 101 characters", { actor: { ...actor, gitCommit: "x".repeat(101) } }, false],
    ["a branch of 300 characters", { actor: { ...actor, gitBranch: "x".repeat(300) } }, true],
    ["a branch of 301 characters", { actor: { ...actor, gitBranch: "x".repeat(301) } }, false],
    ["a job of 1000 characters", { actor: { ...actor, ciJob: "x".repeat(1000) } }, true],
    ["a job of 1001 characters", { actor: { ...actor, ciJob: "x".repeat(1001) } }, false],
    ["a run id that is not a UUID", { runId: "run-1" }, false],
    ["no environment", { environment: "" }, false],
    ["an environment of one letter", { environment: "x" }, true],
    ["a contract that is not a number", { contract: "1" }, false],
    ["an endpoint", { endpoint: "https://hasura.example.com" }, false],
    ["SQL", { sql: "select 1" }, false],
    ["an operation that does not exist", { operation: "destroy" }, false],
  ];
  for (const [what, change, accepted] of envelopes) {
    test(`${what}: ${accepted ? "accepted" : "refused"}`, () => {
      assert.equal(
        isAccepted({ ...envelope, operation: "ping", options: {}, ...change }),
        accepted,
      );
    });
  }

  const changing: [operation: Operation, options: object, changes: boolean][] = [
    ["apply", {}, true],
    ["apply", { dryRun: false }, true],
    ["apply", { dryRun: true }, false],
    ["down", {}, true],
    ["down", { dryRun: true }, false],
    ["redo", {}, true],
    ["mark", { versions: ["1"], as: "applied" }, true],
    ["status", {}, false],
    ["plan", {}, false],
    ["cancel", {}, false],
    ["history", {}, false],
    ["ping", {}, false],
  ];
  for (const [operation, options, changes] of changing) {
    test(`${operation} ${JSON.stringify(options)} ${changes ? "may change" : "never changes"} a database`, () => {
      assert.equal(changesSomething(Request.parse(requestOf(operation, options))), changes);
    });
  }
});

describe("the ledger", () => {
  test("is created by exactly the requests that may change something", () => {
    for (const operation of operationNames)
      for (const more of [
        {},
        { dryRun: true },
        { dryRun: false },
        { recreateEventTriggers: true },
      ]) {
        const given = { ...(operation === "mark" && { as: "applied" }), sql: "SELECT 1", ...more };
        const known = Object.entries(given).filter(([name]) => name in requests[operation]);
        const request = Request.parse(requestOf(operation, Object.fromEntries(known)));
        assert.equal(ledgerUseOf(request) === "create", changesSomething(request), operation);
      }
  });

  for (const [operation, options, use] of [
    ["metadata-reload", {}, "record"],
    ["metadata-reload", { dryRun: true }, "read"],
    ["metadata-reload", { recreateEventTriggers: true }, "create"],
    ["apply", { dryRun: true }, "read"],
    ["history", {}, "upgrade"],
    ["status", {}, "read"],
  ] as const)
    test(`${operation} ${JSON.stringify(options)}: ${use}`, () => {
      assert.equal(ledgerUseOf(Request.parse(requestOf(operation, options))), use);
    });
});

describe("permissions", () => {
  const allowed: Record<Permission, readonly Operation[]> = {
    read: [
      "status",
      "plan",
      "inventory",
      "history",
      "locks",
      "metadata-diff",
      "metadata-status",
      "doctor",
      "ping",
    ],
    apply: [
      ...([
        "apply",
        "status",
        "plan",
        "rehearse",
        "inventory",
        "seed",
        "cancel",
        "history",
        "locks",
      ] as const),
      ...(["metadata-diff", "metadata-apply", "metadata-reload", "metadata-status"] as const),
      ...(["doctor", "ping"] as const),
    ],
    query: ["sql"],
    admin: operationNames,
  };
  for (const permission of permissions) {
    test(`${permission} allows ${allowed[permission].join(", ")}, and nothing else`, () => {
      assert.deepEqual(
        operationNames.filter((operation) => isAllowed(permission, operation)),
        allowed[permission],
      );
    });
  }

  test("only names in the table are operations, not inherited properties", () => {
    assert.deepEqual(operationNames, Object.keys(operations));
    for (const name of ["toString", "constructor", "destroy", ""]) assert(!isOperation(name), name);
  });
});

describe("contract versions", () => {
  const versions: [version: number, supported: boolean][] = [
    [contractVersion, true],
    [oldestContract, true],
    [contractVersion + 1, false],
    [oldestContract - 1, false],
    [contractVersion - 0.5, false],
    [Number.NaN, false],
  ];
  for (const [version, supported] of versions)
    test(`${version} is ${supported ? "" : "not "}supported`, () =>
      assert.equal(isSupportedContract(version), supported));
});

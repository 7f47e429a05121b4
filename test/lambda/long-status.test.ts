import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { statusForLog, writeStatus } from "../../src/lambda/long-status.ts";
import { redactor } from "../../src/lambda/secrets/redact.ts";
import type { EventOf } from "../../src/protocol/events.ts";
import type { StatusRow } from "../../src/protocol/status-rows.ts";

type Status = EventOf<"status">;

const rowsOf = (count: number, more: Partial<StatusRow> = {}): StatusRow[] =>
  Array.from({ length: count }, (_, i) => ({
    ...{ version: String(i + 1), name: "a", state: "applied", appliedBy: "ada-of-the-secret" },
    ...more,
  }));
const statusOf = (...lists: readonly StatusRow[][]): Status => ({
  type: "status",
  databases: lists.map((migrations, i) => ({
    ...{ database: `db-${String(i)}`, kind: "postgres", store: "ledger", migrations },
  })),
});

describe("a long status", () => {
  test("is written once for the same rows", () => {
    const redact = redactor();
    const rows = rowsOf(200);
    const first = writeStatus(statusOf(rows), redact);
    assert.equal(writeStatus(statusOf(rows), redact), first);
    assert.notEqual(writeStatus(statusOf([...rows]), redact), first);
  });

  test("is written again when a secret in it becomes known", () => {
    const redact = redactor();
    const event = statusOf(rowsOf(200));
    assert.match(writeStatus(event, redact).columns?.join("") ?? "", /of-the-secret/);
    redact.learn("of-the-secret");
    const { columns, event: written } = writeStatus(event, redact);
    assert.doesNotMatch(columns?.join("") ?? "", /of-the-secret/);
    assert.doesNotMatch(JSON.stringify(written), /of-the-secret/);
    assert.match(writeStatus(event, redactor()).columns?.join("") ?? "", /of-the-secret/);
  });

  test("is written again if anything around the same rows differs", () => {
    const redact = redactor();
    const [rows, other] = [rowsOf(150), rowsOf(60)];
    const written = (event: Status): string => writeStatus(event, redact).columns?.join("") ?? "";
    assert.match(written({ ...statusOf(rows), fingerprint: "f1" }), /f1/);
    assert.match(written({ ...statusOf(rows), fingerprint: "f2" }), /f2/);
    assert.match(written(statusOf(rows, other)), /db-1/);
    assert.match(written(statusOf(rows, rowsOf(1, { name: "b" }))), /"b"/);
    assert.doesNotMatch(written(statusOf(rows)), /db-1/);
  });

  test("is in the log with the number of rows of each state, and those that are not simply applied", () => {
    const pending = rowsOf(1, { version: "900", state: "pending" });
    assert.deepEqual(statusForLog(statusOf([...rowsOf(150), ...pending])), {
      type: "status",
      databases: [
        {
          ...{ database: "db-0", kind: "postgres", store: "ledger" },
          states: { applied: 150, pending: 1 },
          migrations: pending,
        },
      ],
    });
  });
});

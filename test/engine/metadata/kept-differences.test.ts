import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { differencesFrom, type Differences } from "../../../src/engine/metadata/differences.ts";
import {
  keptDifferences,
  refuseOtherDifferences,
} from "../../../src/engine/metadata/kept-differences.ts";
import type { JsonMap } from "../../../src/metadata/document/json.ts";
import { Failure } from "../../../src/protocol/failure.ts";

interface Parts {
  readonly token?: string;
  readonly schemas?: readonly string[];
}

/** Metadata with an action that sends a secret header, and remote schemas. */
const document = ({ token = "of the project", schemas = [] }: Parts): JsonMap => ({
  version: 3,
  sources: [],
  actions: [
    {
      name: "pay",
      definition: {
        ...{ kind: "synchronous", handler: "https://pay.example", output_type: "Paid" },
        headers: [{ name: "authorization", value: token }],
      },
    },
  ],
  remote_schemas: schemas.map((name) => ({ name, definition: { url: `https://${name}.example` } })),
});

const project = (parts: Parts = {}) =>
  ({ value: document(parts), configVersion: 3, placeOf: () => undefined }) as const;

const differences = (server: Parts): Differences =>
  differencesFrom({ document: document(server), resourceVersion: 1, inconsistent: [] }, project());

/** What a later invocation throws; `shown`: the server's metadata when the run was confirmed. */
function refusal(shown: Parts, now: Parts, wanted: Parts = {}): string | undefined {
  const kept = new Set(keptDifferences(project(), [differences(shown)]));
  try {
    refuseOtherDifferences(project(wanted), differences(now), kept);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof Failure);
    return error.code;
  }
}

interface Case {
  readonly what: string;
  readonly shown: Parts;
  readonly now: Parts;
  readonly wanted?: Parts;
  readonly code?: string;
}

describe("a later invocation of a confirmed run", () => {
  const cases: readonly Case[] = [
    { what: "the same differences", shown: { token: "old" }, now: { token: "old" } },
    { what: "no differences", shown: { token: "old" }, now: {} },
    {
      what: "another secret, which is shown in the same way",
      ...{ shown: { token: "old" }, now: { token: "rotated" }, code: "metadata-changed" },
    },
    {
      what: "one more object that would be removed",
      ...{ shown: {}, now: { schemas: ["theirs"] }, code: "metadata-changed" },
    },
    {
      what: "one of several differences less",
      shown: { schemas: ["one", "two"] },
      ...{ now: { schemas: ["two"] }, code: "metadata-changed" },
    },
    {
      what: "other metadata of the project",
      ...{ shown: { token: "old" }, now: { token: "old" }, wanted: { token: "newer" } },
      code: "plan-outdated",
    },
  ];
  for (const { what, shown, now, wanted, code } of cases)
    test(`${code === undefined ? "accepts" : "refuses"} ${what}`, () => {
      assert.equal(refusal(shown, now, wanted), code);
    });
});

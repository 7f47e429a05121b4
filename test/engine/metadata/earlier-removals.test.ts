import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { earlierRemovals } from "../../../src/engine/metadata/earlier-removals.ts";
import {
  replacementNumber,
  type DeploymentStep,
} from "../../../src/engine/metadata/replacement-numbers.ts";
import type { MetadataState, OpenReplacement } from "../../../src/engine/store/store.ts";

const state = (version: number, checksum: string): MetadataState => ({ version, checksum });

/** A record of a deployment. `after`: undefined for a run that was killed before it recorded the result. */
const record = (
  step: DeploymentStep,
  before: MetadataState,
  after?: MetadataState,
  operation = "apply",
): OpenReplacement => ({
  ...{ run: "r", number: replacementNumber(step, 2), at: "2026-01-01T00:00:00Z" },
  ...{ operation, before, after },
});

const since = "2026-01-01T00:00:00Z";
const before = (at: MetadataState) => ({ kind: "before", state: at, since });

const [a, b, c, d] = [state(1, "a"), state(2, "b"), state(3, "c"), state(4, "d")];

describe("what killed deployments have removed from the metadata", () => {
  for (const [name, replacements, now, expected] of [
    ["nothing, if there is no record", [], b, { kind: "none" }],
    ["what one removed", [record("takenOut", a, b)], b, before(a)],
    ["what two removed", [record("takenOut", b, c), record("takenOut", a, b)], c, before(a)],
    ["what one removed without recording the result", [record("takenOut", a)], b, before(a)],
    ["nothing, if the removal never took effect", [record("takenOut", a)], a, { kind: "none" }],
    [
      "unknown, if somebody has replaced the metadata since",
      [record("takenOut", a, b)],
      c,
      { kind: "changed" },
    ],
    [
      "what one removed before another connected a database",
      [record("sources", b, c), record("takenOut", a, b)],
      c,
      before(a),
    ],
    ["nothing, if one only connected a database", [record("sources", a, b)], b, { kind: "none" }],
    [
      "nothing, if one only connected a database and somebody has replaced the metadata since",
      [record("sources", a, b)],
      c,
      { kind: "none" },
    ],
    [
      "unknown, if somebody has replaced the metadata after a database was connected",
      [record("sources", b, c), record("takenOut", a, b)],
      d,
      { kind: "changed" },
    ],
    [
      "nothing, if it was put back before a database was connected, whatever somebody has changed since",
      [record("sources", c, d), record("putBack", b, c), record("takenOut", a, b)],
      state(5, "e"),
      { kind: "none" },
    ],
    [
      "nothing, if it was put back",
      [record("putBack", b, c), record("takenOut", a, b)],
      c,
      { kind: "none" },
    ],
    [
      "nothing, if another operation replaced the metadata",
      [record("takenOut", a, b, "metadata-apply")],
      b,
      { kind: "none" },
    ],
  ] as const)
    test(name, () => {
      assert.deepEqual(earlierRemovals(replacements, now), expected);
    });
});

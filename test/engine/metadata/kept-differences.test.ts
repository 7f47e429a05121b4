import assert from "node:assert/strict";
import { describe, test } from "vitest";
import {
  checksumOfMetadata,
  differencesFrom,
  type Differences,
} from "../../../src/engine/metadata/differences.ts";
import {
  keptDifferences,
  refuseOtherDifferences,
} from "../../../src/engine/metadata/kept-differences.ts";
import type { JsonMap } from "../../../src/metadata/document/json.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import type { MetadataRecord, OpenReplacement } from "../../../src/engine/store/store.ts";

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
  differencesFrom(
    { document: document(server), resourceVersion: version, inconsistent: [] },
    project(),
  );

/** The last replacement that is recorded: who has replaced which version, and with what, if that is recorded. */
interface Replaced {
  readonly run?: string;
  readonly replaces?: number;
  readonly after?: Parts;
}

const runId = "the run";

/** Of the server's metadata now. */
const version = 7;

function recordOf({
  run = runId,
  replaces = version - 1,
  after,
}: Replaced): Pick<MetadataRecord, "openReplacements"> {
  const replacement: OpenReplacement = {
    ...{ run, number: 2, at: "2026-11-28T06:00:00Z", operation: "apply" },
    before: { version: replaces, checksum: "of the metadata before" },
    after: after && { version, checksum: checksumOfMetadata(document(after)) },
  };
  const replacements = [replacement];
  return { openReplacements: () => Promise.resolve({ completedAt: undefined, replacements }) };
}

/** What a later invocation throws; `shown`: the server's metadata when the run was confirmed. */
async function refusal({ shown, now, wanted = {}, replaced }: Case): Promise<string | undefined> {
  const kept = new Set(keptDifferences(project(), [differences(shown)]));
  const records = replaced ? [recordOf(replaced)] : [];
  try {
    await refuseOtherDifferences(project(wanted), differences(now), { runId, kept, records });
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
  readonly replaced?: Replaced;
  readonly code?: string;
}

describe("a later invocation of a confirmed run", () => {
  const theirs = { schemas: ["theirs"] };
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
    {
      what: "differences that the run itself has left",
      ...{ shown: {}, now: theirs, replaced: { after: theirs } },
    },
    {
      what: "differences that the run may have left without recording it",
      ...{ shown: {}, now: theirs, replaced: {} },
      code: "metadata-changed",
    },
    {
      what: "differences that another run has left",
      ...{ shown: {}, now: theirs, replaced: { run: "another", after: theirs } },
      code: "metadata-changed",
    },
    {
      what: "differences since the run has left others",
      ...{ shown: {}, now: theirs, replaced: { after: { schemas: ["others"] } } },
      code: "metadata-changed",
    },
    {
      what: "differences that somebody may have made before the run had recorded what it left",
      ...{ shown: {}, now: theirs, replaced: { replaces: version - 2, after: theirs } },
      code: "metadata-changed",
    },
    {
      what: "differences since a replacement of which no result is recorded",
      ...{ shown: {}, now: theirs, replaced: { replaces: version - 2 } },
      code: "metadata-changed",
    },
  ];
  for (const each of cases)
    test(`${each.code === undefined ? "accepts" : "refuses"} ${each.what}`, async () => {
      assert.equal(await refusal(each), each.code);
    });
});

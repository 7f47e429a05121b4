import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "vitest";
import * as z from "zod";
import { projectOnDisk } from "../engine/support/run.ts";
import { problemLines, readIn } from "./support/read.ts";

const Cases = z.array(
  z.object({
    name: z.string(),
    files: z.record(z.string(), z.string()),
    expected: z.union([
      z.object({ metadata: z.record(z.string(), z.json()) }),
      z.object({ errorContains: z.string() }),
    ]),
  }),
);
const path = new URL("../fixtures/conformance/metadata.json", import.meta.url);
const cases = Cases.parse(JSON.parse(readFileSync(path, "utf8")));

/** Documents that differ on purpose: keys that the Hasura CLI does not know are kept. */
const withUnknownKeys: Readonly<Record<string, object>> = {
  "v3-typed-objects-drop-unknown-keys": {
    version: 3,
    sources: [{ name: "default", kind: "postgres", configuration: {}, tables: [], foo: "bar" }],
    network: { foo: 1, tls_allowlist: [] },
    api_limits: { foo: 1, disabled: true },
  },
};

/** Documents that Hasura would refuse, or that would make it lose objects: they are the same, but with an error. */
const refused: Readonly<Record<string, readonly string[]>> = {
  "v3-missing-databases-yaml": [
    "The metadata has no sources: there is no metadata/databases/databases.yaml.",
  ],
  "v3-missing-version-yaml": ["The metadata has no version: there is no metadata/version.yaml."],
  "v3-version-4-is-sent-as-is": [
    "metadata/version.yaml:1:1 The metadata has the version 4, but a project with config version 3 needs 3.",
  ],
  "v3-source-missing-keys": [
    'metadata/databases/databases.yaml:1:3 The source "default" has no kind.',
    'metadata/databases/databases.yaml:1:3 The source "default" has no tables.',
  ],
  "actions-sdl-interface-silently-dropped": [
    "metadata/actions.graphql:1:11 The interface I has no effect: Hasura's custom types cannot be interfaces.",
  ],
  "actions-one-file-missing-drops-both": [
    "The actions are incomplete: there is metadata/actions.yaml, but no actions.graphql. Without it, Hasura would lose all actions.",
  ],
};

describe("the document that is built from a project's metadata", () => {
  for (const { name, files, expected } of cases)
    test(name, async (t) => {
      const read = await readIn(await projectOnDisk(t, files));
      const lines = problemLines(read);
      if ("errorContains" in expected) {
        assert.equal(read.document, undefined);
        assert.equal(lines.length, 1);
        assert.ok(lines[0]?.includes(expected.errorContains), lines[0]);
        return;
      }
      const metadata = withUnknownKeys[name] ?? expected.metadata;
      assert.deepEqual(read.document?.value, metadata);
      assert.deepEqual(lines, refused[name] ?? []);
    });
});

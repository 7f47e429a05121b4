import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { readVersion3 } from "../../../src/local/hasura-api/document/read-document.ts";
import { compareMetadata } from "../../../src/metadata/diff/compare-metadata.ts";
import type { JsonMap } from "../../../src/metadata/document/json.ts";
import { consoleForm } from "./support/console-form.ts";
import { everything } from "./support/everything.ts";

/** What differs in either direction. */
function differences(server: JsonMap, project: JsonMap): unknown[] {
  return [...compareMetadata(server, project), ...compareMetadata(project, server)];
}

describe("the same metadata in another form is no difference", () => {
  test("as the server exports it after it was applied", () => {
    assert.deepEqual(differences(readVersion3(everything, "$"), everything), []);
  });

  test("as the Console writes it, and the server exports it then", () => {
    const written = consoleForm(everything);
    assert.deepEqual(differences(written, everything), []);
    assert.deepEqual(differences(readVersion3(written, "$"), everything), []);
  });
});

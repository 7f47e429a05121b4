import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { acceptRequest } from "../../../src/lambda/accept-request.ts";
import { readSettings, type Settings } from "../../../src/lambda/settings.ts";
import { acceptMetadata, acceptUpload } from "../../../src/lambda/upload/accept-upload.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { isOperation, operationNames, operations } from "../../../src/protocol/operations.ts";
import { emptyUpload, envelopeOf, envelopeOfText } from "../../support/upload.ts";
import { request } from "../support/request.ts";

const arn = "arn:aws:lambda:eu-west-1:111122223333:function:hasura-migrate-dev-3";

function settingsOf(sources: string, more: Record<string, string> = {}): Settings {
  return readSettings({
    HASURA_MIGRATE_ENVIRONMENT: "dev-3",
    HASURA_MIGRATE_ENDPOINT: "http://hasura:8080",
    HASURA_MIGRATE_SOURCES: sources,
    ...more,
  });
}

/** The code of the refusal, or `accepted`. */
function outcomeOf(settings: Settings, more: object = { upload: envelopeOf(emptyUpload) }): string {
  const event = { ...request("apply", { options: { confirm: "dev-3" } }), ...more };
  try {
    const accepted = acceptRequest(event, settings, arn);
    return acceptUpload(accepted, settings) === undefined ? "no upload" : "accepted";
  } catch (thrown) {
    assert(thrown instanceof Failure, String(thrown));
    return thrown.code;
  }
}

describe("accepting an upload", () => {
  const isProtected = { HASURA_MIGRATE_PROTECTED: "true" };
  const cases: [what: string, settings: Settings, outcome: string][] = [
    ["by default", settingsOf(""), "uploads-not-allowed"],
    ["where only the image is a source", settingsOf("image"), "uploads-not-allowed"],
    ["where uploads are a source", settingsOf("image,upload"), "accepted"],
    [
      "in a protected environment that allows uploads once",
      settingsOf("image,upload", isProtected),
      "uploads-not-allowed",
    ],
    [
      "in a protected environment that allows them twice",
      settingsOf("image,upload,upload-when-protected", isProtected),
      "accepted",
    ],
    [
      "with the official CLI as the engine",
      settingsOf("image,upload", { HASURA_MIGRATE_ENGINE: "hasura-cli" }),
      "not-with-hasura-cli",
    ],
  ];
  for (const [what, settings, outcome] of cases) {
    test(`${what}: ${outcome}`, () => assert.equal(outcomeOf(settings), outcome));
  }

  test("whether it is allowed is decided before it is read", () => {
    const broken = { encoding: "brotli", data: "no upload" };
    const more = { upload: broken };
    assert.equal(outcomeOf(settingsOf("image"), more), "uploads-not-allowed");
    assert.equal(outcomeOf(settingsOf("image,upload"), more), "upload-invalid");
  });

  test("a protected environment asks for its name as well", () => {
    const settings = settingsOf("image,upload,upload-when-protected", isProtected);
    const event = { ...request("apply"), upload: envelopeOf(emptyUpload) };
    assert.throws(
      () => acceptRequest(event, settings, arn),
      (thrown) => thrown instanceof Failure && thrown.code === "protected",
    );
  });

  test("a request without an upload uses the image", () => {
    assert.equal(outcomeOf(settingsOf("image"), {}), "no upload");
  });

  for (const [what, upload] of [
    ["another encoding", { encoding: "zip", data: "" }],
    ["a further key", { encoding: "brotli", data: "", name: "../x" }],
    ["no envelope", "data"],
  ] as const) {
    test(`an upload with ${what} is a malformed request`, () => {
      assert.equal(outcomeOf(settingsOf("image,upload"), { upload }), "malformed-request");
    });
  }

  const without = operationNames.filter((name) => !operations[name].takesUploads);
  test.each(without)("%s takes no upload", (operation) => {
    assert(isOperation(operation));
    const options = operation === "mark" ? { versions: ["1"], as: "applied" } : {};
    const event = { ...request(operation, { options }), upload: envelopeOf(emptyUpload) };
    assert.throws(
      () => acceptRequest(event, settingsOf("image,upload"), arn),
      (thrown) => thrown instanceof Failure && thrown.code === "malformed-request",
    );
  });
});

describe("accepting metadata of a directory", () => {
  const metadata = (document: unknown): unknown =>
    envelopeOf({ format: 1, configVersion: 3, from: emptyUpload.from, document });

  function outcome(sources: string, envelope: unknown): string {
    const event = { ...request("metadata-diff"), metadata: envelope };
    const settings = settingsOf(sources);
    try {
      const accepted = acceptMetadata(acceptRequest(event, settings, arn), settings);
      return JSON.stringify(accepted?.document);
    } catch (thrown) {
      assert(thrown instanceof Failure, String(thrown));
      return thrown.code;
    }
  }

  const nested = (levels: number): unknown[] => (levels === 0 ? [] : [nested(levels - 1)]);

  test("it is allowed where uploads are", () => {
    const document = { version: 3, sources: [] };
    assert.equal(outcome("image,upload", metadata(document)), JSON.stringify(document));
    assert.equal(outcome("image", metadata(document)), "uploads-not-allowed");
    assert.equal(
      outcome("image", { encoding: "brotli", data: "no upload" }),
      "uploads-not-allowed",
    );
  });

  test.each([
    ["a list", metadata([])],
    ["nothing", envelopeOf({ format: 1 })],
    ["no JSON", envelopeOfText("sources: []")],
    ["no compressed text", { encoding: "brotli", data: "bm8=" }],
    ["a nesting without end", metadata({ sources: nested(300) })],
  ])("%s instead of a document is refused", (_what, envelope) => {
    assert.equal(outcome("image,upload", envelope), "upload-invalid");
  });

  test("a document that expands beyond every limit is refused", () => {
    const large = envelopeOfText(`{"format":1,"document":{"a":"${"x".repeat(33 * 1024 * 1024)}"}}`);
    assert.equal(outcome("image,upload", large), "upload-too-large");
  });
});

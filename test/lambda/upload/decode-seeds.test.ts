import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { acceptRequest } from "../../../src/lambda/accept-request.ts";
import { readSettings } from "../../../src/lambda/settings.ts";
import { acceptSeeds } from "../../../src/lambda/upload/accept-upload.ts";
import { decodeSeeds } from "../../../src/lambda/upload/decode-upload.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { isOperation, operationNames, takesSeeds } from "../../../src/protocol/operations.ts";
import { mostUploadedSeeds } from "../../../src/protocol/seed-upload.ts";
import { uploadLimits, type UploadEnvelope } from "../../../src/protocol/upload.ts";
import { emptyUpload, envelopeOf, envelopeOfText } from "../../support/upload.ts";
import { request } from "../support/request.ts";

const arn = "arn:aws:lambda:eu-west-1:111122223333:function:hasura-migrate-dev-3";
const checksum = "0123456789abcdef".repeat(4);
const file = { path: "seeds/default/1.sql", sql: "SELECT 1;" };
const one = { database: "default", name: "1.sql", file };
const seeds = (...list: unknown[]): object => ({
  ...{ format: 1, configVersion: 3, from: emptyUpload.from, directory: "seeds" },
  seeds: list,
});

function refusalOf(decode: () => unknown): Failure {
  try {
    decode();
  } catch (thrown) {
    assert(thrown instanceof Failure, String(thrown));
    return thrown;
  }
  assert.fail("the upload was accepted");
}

describe("decoding uploaded seeds", () => {
  test("a document arrives as it was sent", () => {
    const document = seeds(
      { ...one, file: { ...file, sql: "" } },
      { ...one, name: "sub/ü 2.sql" },
      { database: "audit", name: "1.sql", path: "seeds/audit/1.sql", checksum },
      {
        ...{ database: "default", name: "3.sql" },
        file: { path: "seeds/default/3.sql", checksum, problem: "nul-character", line: 7 },
      },
    );
    assert.deepEqual(decodeSeeds(envelopeOf(document)), document);
  });

  test("as many as are allowed, of which one is sent and the others are listed", () => {
    const listed = Array.from({ length: mostUploadedSeeds - 1 }, (_, i) => ({
      ...{ database: "default", name: `l${String(i)}.sql`, path: "seeds/l.sql", checksum },
    }));
    const most = envelopeOf(seeds(one, ...listed));
    assert.equal(decodeSeeds(most).seeds.length, mostUploadedSeeds);
    const more = envelopeOf(seeds(one, { ...one, name: "2.sql" }, ...listed));
    assert.equal(refusalOf(() => decodeSeeds(more)).code, "upload-invalid");
  });

  const hostile: [what: string, envelope: () => UploadEnvelope, code: string, says: RegExp][] = [
    [
      "more than the compressed limit",
      () => ({
        encoding: "brotli",
        data: Buffer.alloc(uploadLimits.compressedBytes + 1).toString("base64"),
      }),
      "upload-too-large",
      /4\.5 MB compressed/,
    ],
    [
      "a few bytes that expand to more than the limit",
      () => envelopeOfText(Buffer.alloc(uploadLimits.expandedBytes + 1, " ")),
      "upload-too-large",
      /32 MB/,
    ],
    [
      "text that is not base64",
      () => ({ encoding: "brotli", data: "<sql>" }),
      "upload-invalid",
      /base64/,
    ],
    [
      "bytes that are not UTF-8",
      () => envelopeOfText(Buffer.from([0x22, 0xff, 0x22])),
      "upload-invalid",
      /UTF-8/,
    ],
    ["no JSON", () => envelopeOfText("INSERT"), "upload-invalid", /document: /],
    ["endless nesting", () => envelopeOfText("[".repeat(1e6)), "upload-invalid", /nested/],
  ];
  for (const [what, envelope, code, says] of hostile) {
    test(`${what}: refused`, () => {
      const refusal = refusalOf(() => decodeSeeds(envelope()));
      assert.deepEqual([refusal.kind, refusal.code], ["usage", code]);
      assert.match(refusal.message, says);
    });
  }

  const withSeed = (change: object): object => seeds({ ...one, ...change });
  const withFile = (change: object): object => withSeed({ file: { ...file, ...change } });
  const shapes: [what: string, document: unknown, says: RegExp][] = [
    ["an unknown format", { ...seeds(one), format: 2 }, /format: /],
    ["an unknown key", { ...seeds(one), endpoint: "http://x" }, /document: /],
    ["a layout that does not exist", { ...seeds(one), configVersion: 4 }, /configVersion: /],
    ["a directory outside", { ...seeds(one), directory: "../seeds" }, /inside/],
    ["a name that leads out", withSeed({ name: "../../1.sql" }), /inside/],
    ["a name with a parent in it", withSeed({ name: "a/../1.sql" }), /inside/],
    ["a name at the root", withSeed({ name: "/etc/passwd" }), /inside/],
    ["a name on another drive", withSeed({ name: "C:\\1.sql" }), /inside/],
    ["a name with a NUL character", withSeed({ name: "1\0.sql" }), /control/],
    ["a name with a terminal sequence", withSeed({ name: "\u001B[2J.sql" }), /control/],
    ["a name with half a character", withSeed({ name: "\uD800.sql" }), /control/],
    ["no name", withSeed({ name: "" }), /seeds\.0/],
    ["a name of 1,001 characters", withSeed({ name: "x".repeat(1001) }), /seeds\.0/],
    ["a database with a path", withSeed({ database: "../default" }), /slash/],
    ["a database without a name", withSeed({ database: "" }), /seeds\.0/],
    ["a file outside the project", withFile({ path: "a/../../1.sql" }), /inside/],
    ["a file that passes for the ledger's", withFile({ path: "ledger:1_x/down.sql" }), /ledger/],
    ["SQL with a NUL character", withFile({ sql: "SELECT 1;\0" }), /NUL/],
    ["SQL with half a character", withFile({ sql: "SELECT '\uDC00';" }), /Unicode/],
    ["a file with an unknown key", withFile({ mode: 0o777 }), /seeds\.0/],
    ["neither text nor checksum", withSeed({ file: undefined }), /seeds\.0/],
    [
      "a checksum that is none",
      seeds({ ...one, file: undefined, path: "a", checksum: "x" }),
      /hex/,
    ],
    ["a seed twice", seeds(one, one), /twice/],
    [
      "a seed that is sent and listed",
      seeds(one, { database: "default", name: "1.sql", path: "seeds/default/1.sql", checksum }),
      /twice/,
    ],
  ];
  for (const [what, document, says] of shapes) {
    test(`${what} is refused`, () => {
      const { code, message } = refusalOf(() => decodeSeeds(envelopeOf(document)));
      assert.equal(code, "upload-invalid");
      assert.match(message, says);
    });
  }

  test("a refusal does not repeat what is in the upload", () => {
    const secret = envelopeOf(withFile({ sql: "the secret \0" }));
    assert(!refusalOf(() => decodeSeeds(secret)).message.includes("secret"));
  });
});

describe("accepting uploaded seeds", () => {
  function outcomeOf(more: Record<string, string>, envelope: unknown): string {
    const settings = readSettings({
      HASURA_MIGRATE_ENVIRONMENT: "dev-3",
      HASURA_MIGRATE_ENDPOINT: "http://hasura:8080",
      ...more,
    });
    const event = { ...request("seed", { options: { confirm: "dev-3" } }), seeds: envelope };
    try {
      const accepted = acceptSeeds(acceptRequest(event, settings, arn), settings);
      return accepted ? `${String(accepted.seeds.length)} accepted` : "those of the image";
    } catch (thrown) {
      assert(thrown instanceof Failure, String(thrown));
      return `${thrown.code}: ${thrown.message}`;
    }
  }

  const good = envelopeOf(seeds(one));
  const uploads = { HASURA_MIGRATE_SOURCES: "image,upload" };
  const isProtected = { HASURA_MIGRATE_PROTECTED: "true" };
  const twice = { HASURA_MIGRATE_SOURCES: "image,upload,upload-when-protected" };
  const cases: [what: string, more: Record<string, string>, envelope: unknown, says: RegExp][] = [
    ["where uploads are allowed", uploads, good, /^1 accepted/],
    ["that did not come with the request", {}, undefined, /^those of the image/],
    ["by default", {}, good, /^uploads-not-allowed: dev-3 does not accept uploaded seeds/],
    [
      "that cannot be read, where they are not allowed",
      {},
      { encoding: "brotli", data: "x" },
      /^uploads-not-allowed/,
    ],
    ["in a protected environment", { ...uploads, ...isProtected }, good, /^uploads-not-allowed/],
    ["in a protected one that allows them", { ...twice, ...isProtected }, good, /^1 accepted/],
    [
      "with the official CLI as the engine",
      { ...uploads, HASURA_MIGRATE_ENGINE: "hasura-cli" },
      good,
      /^not-with-hasura-cli/,
    ],
    ["in another encoding", uploads, { encoding: "zip", data: "" }, /^malformed-request/],
  ];
  for (const [what, more, envelope, says] of cases) {
    test(`seeds ${what}: ${says.source}`, () => assert.match(outcomeOf(more, envelope), says));
  }

  const others = operationNames.filter((name) => !takesSeeds(name));
  test.each(others)("%s takes none", (operation) => {
    assert(isOperation(operation));
    const options = operation === "mark" ? { versions: ["1"], as: "applied" } : {};
    const settings = readSettings({
      ...{ HASURA_MIGRATE_ENVIRONMENT: "dev-3", HASURA_MIGRATE_ENDPOINT: "http://hasura:8080" },
      ...uploads,
    });
    const event = { ...request(operation, { options }), seeds: good };
    assert.equal(refusalOf(() => acceptRequest(event, settings, arn)).code, "malformed-request");
  });
});

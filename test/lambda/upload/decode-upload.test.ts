import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { describe, test } from "vitest";
import { decodeUpload } from "../../../src/lambda/upload/decode-upload.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { uploadLimits, type UploadEnvelope } from "../../../src/protocol/upload.ts";
import {
  emptyUpload,
  envelopeOf,
  envelopeOfText,
  uploadedMigration,
} from "../../support/upload.ts";

const one = uploadedMigration("1", "SELECT 1;");
const withOne = { ...emptyUpload, migrations: [one] };

function refusalOf(envelope: UploadEnvelope): Failure {
  try {
    decodeUpload(envelope);
  } catch (thrown) {
    assert(thrown instanceof Failure, String(thrown));
    return thrown;
  }
  assert.fail("the upload was accepted");
}

describe("decoding an upload", () => {
  test("a document arrives as it was sent", () => {
    const document = {
      ...withOne,
      migrations: [
        { ...one, down: { path: "migrations/default/1_x/down.sql", sql: "-- ü \u{1F600}\n" } },
      ],
      without: [{ database: "default", versions: ["3", "4"] }],
      known: [
        {
          ...{ database: "default", version: "2", name: "y" },
          ...{ checksum: "0123456789abcdef0123456789abcdef", hasDown: true },
        },
      ],
    };
    assert.deepEqual(decodeUpload(envelopeOf(document)), document);
  });

  test("a document at the limits is accepted", () => {
    const migrations = Array.from({ length: uploadLimits.migrations }, (_, i) =>
      uploadedMigration(String(i), "SELECT 1;", {
        down: { path: "down.sql", sql: "SELECT 2;" },
      }),
    );
    const known = Array.from({ length: uploadLimits.known }, (_, i) => ({
      ...{ database: "default", version: String(10_000 + i), name: "y", hasDown: false },
      checksum: "0123456789abcdef0123456789abcdef",
    }));
    const document = { ...emptyUpload, migrations, known };
    assert.equal(decodeUpload(envelopeOf(document)).known.length, uploadLimits.known);
  });

  const tooLarge: [what: string, envelope: () => UploadEnvelope][] = [
    [
      "more than its compressed limit",
      () => ({
        encoding: "brotli",
        data: Buffer.alloc(uploadLimits.compressedBytes + 1).toString("base64"),
      }),
    ],
    ["a few bytes that expand to 256 MB", () => envelopeOfText(Buffer.alloc(256 * 1024 * 1024))],
    [
      "one byte more than its expanded limit",
      () => envelopeOfText(Buffer.alloc(uploadLimits.expandedBytes + 1, " ")),
    ],
  ];
  for (const [what, envelope] of tooLarge) {
    test(`${what} is too large`, () => {
      assert.equal(refusalOf(envelope()).code, "upload-too-large");
    });
  }

  const deep = "[".repeat(16_000_000);
  const wide = `[${"[],".repeat(9_000_000)}[]]`;
  const hostile: [what: string, envelope: () => UploadEnvelope, says: RegExp][] = [
    ["nothing", () => ({ encoding: "brotli", data: "" }), /decompressed/],
    ["text that is not base64", () => ({ encoding: "brotli", data: "<up>" }), /base64/],
    ["base64 in two lines", () => ({ encoding: "brotli", data: "CwA=\nCwA=" }), /base64/],
    [
      "another compression",
      () => ({ encoding: "brotli", data: gzipSync("{}").toString("base64") }),
      /decompressed/,
    ],
    [
      "half of an upload",
      () => {
        const { data } = envelopeOf(withOne);
        return { encoding: "brotli", data: data.slice(0, Math.floor(data.length / 8) * 4) };
      },
      /decompressed/,
    ],
    ["bytes that are not UTF-8", () => envelopeOfText(Buffer.from([0x22, 0xff, 0x22])), /UTF-8/],
    ["text that is not JSON", () => envelopeOfText("select 1"), /document: /],
    ["sixteen million lists in each other", () => envelopeOfText(deep), /nested/],
    ["nine million lists side by side", () => envelopeOfText(wide), /nested/],
    [
      "nesting behind an escaped quotation mark",
      () => envelopeOfText(`{"a":"\\\\\\"\\\\",${deep.slice(0, 100)}`),
      /nested/,
    ],
  ];
  for (const [what, envelope, says] of hostile) {
    test(`${what}: refused`, () => {
      const { kind, code, message } = refusalOf(envelope());
      assert.deepEqual([kind, code], ["usage", "upload-invalid"]);
      assert.match(message, says);
    });
  }

  const known = { database: "default", version: "1", name: "x", hasDown: false };
  const shapes: [what: string, document: unknown, says: RegExp][] = [
    ["a list", [], /document: /],
    ["an unknown format", { ...emptyUpload, format: 2 }, /format: /],
    ["an unknown key", { ...emptyUpload, endpoint: "http://x" }, /document: /],
    ["a digest that is none", { ...emptyUpload, image: "x" }, /image: /],
    ["a layout that does not exist", { ...emptyUpload, configVersion: 4 }, /configVersion: /],
    ["a directory without a name", { ...emptyUpload, from: { directory: "" } }, /from\.directory/],
    ["a version that is a number", withMigration({ version: 1 }), /migrations\.0\.version/],
    ["a version with a path", withMigration({ version: "../1" }), /migrations\.0\.version/],
    ["a version beyond 63 bits", withMigration({ version: "9223372036854775808" }), /at most/],
    ["a database with a path", withMigration({ database: "../default" }), /slash/],
    ["a database with a backslash", withMigration({ database: "a\\b" }), /slash/],
    ["a database without a name", withMigration({ database: "" }), /migrations\.0\.database/],
    ["a database with a NUL character", withMigration({ database: "a\0" }), /control/],
    ["a name with a path", withMigration({ name: "x/../../y" }), /slash/],
    ["a name with a line feed", withMigration({ name: "x\ny" }), /control/],
    ["a name with a terminal sequence", withMigration({ name: "\u001B[2J" }), /control/],
    ["a name with half a character", withMigration({ name: "\uD800" }), /control/],
    ["a name of 301 characters", withMigration({ name: "x".repeat(301) }), /migrations\.0\.name/],
    ["a file outside the project", withUp({ path: "a/../../up.sql" }), /inside/],
    ["a file at the root", withUp({ path: "/etc/passwd" }), /inside/],
    ["a file on another drive", withUp({ path: "C:\\up.sql" }), /inside/],
    ["a file that passes for the ledger's", withUp({ path: "ledger:1_x/down.sql" }), /ledger/],
    ["a file whose path has a line feed", withUp({ path: "a\nb" }), /control/],
    ["SQL with a NUL character", withUp({ sql: "SELECT 1;\0" }), /NUL/],
    ["SQL with half a character", withUp({ sql: "SELECT '\uDC00';" }), /Unicode/],
    ["a file with an unknown key", withUp({ mode: 0o777 }), /migrations\.0\.up/],
    ["a migration without a file", withMigration({ up: undefined }), /no file/],
    ["a version twice", { ...emptyUpload, migrations: [one, one] }, /twice/],
    ["a version that is sent and listed", { ...withOne, known: [known] }, /twice/],
    [
      "a version that is sent and absent",
      { ...withOne, without: [{ database: "default", versions: ["1"] }] },
      /twice/,
    ],
    [
      "one migration too many",
      {
        ...emptyUpload,
        migrations: Array.from({ length: uploadLimits.migrations + 1 }, (_, i) =>
          uploadedMigration(String(i), "SELECT 1;"),
        ),
      },
      /migrations: /,
    ],
    ["a checksum that is none", { ...emptyUpload, known: [{ ...known, checksum: "x" }] }, /hex/],
  ];
  for (const [what, document, says] of shapes) {
    test(`${what} is refused`, () => {
      const { code, message } = refusalOf(envelopeOf(document));
      assert.equal(code, "upload-invalid");
      assert.match(message, says);
    });
  }

  test("a key that JavaScript treats specially is an unknown key", () => {
    const text = JSON.stringify(withOne).replace('"name"', '"__proto__":{"up":1},"name"');
    assert.equal(refusalOf(envelopeOfText(text)).code, "upload-invalid");
  });

  test("a refusal does not repeat what is in the upload", () => {
    const { message } = refusalOf(envelopeOf(withUp({ sql: "the secret \0" })));
    assert(!message.includes("secret"));
    const long = refusalOf(envelopeOf({ ...emptyUpload, ["x".repeat(100_000)]: 1 }));
    assert(long.message.length < 1000);
  });
});

function withMigration(change: object): unknown {
  return { ...emptyUpload, migrations: [{ ...one, ...change }] };
}

function withUp(change: object): unknown {
  return withMigration({ up: { ...one.up, ...change } });
}

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "vitest";
import {
  checksumOf,
  checksumOfBytes,
  parseBody,
} from "../../../src/engine/project/migration-file.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { hintLines } from "../../support/hint-lines.ts";

const bodyOf = (text: string) => parseBody(Buffer.from(text), "up.sql");

describe("a migration file", () => {
  test("has the SHA-256 of its text as its checksum", () => {
    const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert.equal(checksumOf("abc"), abc);
    assert.equal(bodyOf("abc").checksum, abc);
  });

  test("has the same checksum with every kind of line ending, and with a byte order mark", () => {
    for (const text of ["a\r\nb\r\n", "a\rb\r", "\uFEFFa\nb\n"])
      assert.equal(checksumOf(text), checksumOf("a\nb\n"), JSON.stringify(text));
    for (const text of ["a\nb", "a\n\nb\n", "ab\n", "a\nb\n\uFEFF"])
      assert.notEqual(checksumOf(text), checksumOf("a\nb\n"), JSON.stringify(text));
  });

  test("has the checksum of its text if it is UTF-8, otherwise that of its bytes", () => {
    for (const text of ["a\nb\n", "a\r\nb\r\n", "\uFEFFa\nb\n"])
      assert.equal(checksumOfBytes(Buffer.from(text)), checksumOf("a\nb\n"));
    const others = [
      Buffer.from("\uFEFFa\r\n", "utf16le"),
      Buffer.from("caf\xe9", "latin1"),
      Buffer.from([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0]),
    ];
    for (const bytes of others)
      assert.equal(checksumOfBytes(bytes), createHash("sha256").update(bytes).digest("hex"));
  });

  test("with a NUL character is refused with its line, and may still be compared", () => {
    const bytes = Buffer.from("SELECT 1;\n-- \0\n");
    assert.equal(checksumOfBytes(bytes), checksumOf("SELECT 1;\n-- \0\n"));
    assert.throws(
      () => parseBody(bytes, "1_a/up.sql"),
      (thrown) => {
        assert(thrown instanceof Failure);
        assert.deepEqual([thrown.kind, thrown.code], ["usage", "nul-character"]);
        assert.match(thrown.message, /^1_a\/up\.sql, line 2: /);
        assert.deepEqual(hintLines(thrown.hints), [
          "Remove the character, or save the file as UTF-8 again.",
        ]);
        return true;
      },
    );
  });

  test("loses one byte order mark at its beginning, and no other", () => {
    assert.equal(bodyOf("\uFEFFSELECT 1").sql, "SELECT 1");
    assert.equal(bodyOf("\uFEFF\uFEFFSELECT 1").sql, "\uFEFFSELECT 1");
    assert.equal(bodyOf("SELECT '\uFEFF'").sql, "SELECT '\uFEFF'");
  });

  test("has as many lines as an editor shows", () => {
    const lines = ["", "a", "a\n", "a\nb", "a\r\nb\r\n", "\n"].map((text) => bodyOf(text).lines);
    assert.deepEqual(lines, [0, 1, 1, 2, 2, 1]);
  });

  test("without a statement is blank", () => {
    assert.equal(bodyOf("-- nothing here\n").blank, true);
    assert.equal(bodyOf("SELECT 1").blank, false);
  });

  test("declares how it is to be run", () => {
    assert.deepEqual(
      bodyOf("-- hasura:no-transaction\n-- hasura-migrate: retry=off\n").directives,
      {
        noTransaction: true,
        settings: { retry: false },
      },
    );
  });

  test("that is not UTF-8 is refused, with what to do", () => {
    assert.throws(
      () => parseBody(Buffer.from([0xff, 0xfe, 0x41, 0x00]), "migrations/d/1_a/up.sql"),
      (thrown) => {
        assert(thrown instanceof Failure);
        assert.deepEqual([thrown.kind, thrown.code], ["usage", "not-utf8"]);
        assert.equal(thrown.message, "migrations/d/1_a/up.sql is UTF-16LE, not UTF-8.");
        assert.equal(thrown.hints.length, 1);
        return true;
      },
    );
  });
});

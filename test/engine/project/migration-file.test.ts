import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { checksumOf, parseBody } from "../../../src/engine/project/migration-file.ts";
import { Failure } from "../../../src/protocol/failure.ts";

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

  test("says itself how it is to be run", () => {
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
        assert(thrown.message.includes("migrations/d/1_a/up.sql"));
        assert.equal(thrown.hints.length, 1);
        return true;
      },
    );
  });
});

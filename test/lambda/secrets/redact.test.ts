import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { redactor } from "../../../src/lambda/secrets/redact.ts";

describe("redact", () => {
  test("a secret is hidden wherever it occurs in a value, and the value keeps its shape", () => {
    const redact = redactor();
    redact.learn('s3"cret\n');
    const value = {
      type: "log",
      list: ['a s3"cret\n b', 1, null],
      inner: { message: 's3"cret\n' },
    };
    assert.deepEqual(redact.value(value), {
      type: "log",
      list: ["a [admin secret] b", 1, null],
      inner: { message: "[admin secret]" },
    });
  });

  test("a value without a secret is the same value", () => {
    const redact = redactor();
    redact.learn("s3cret");
    const value = { message: "harmless" };
    assert.equal(redact.value(value), value);
  });

  test("the secret before a rotation stays hidden, and the longer of two is hidden whole", () => {
    const redact = redactor();
    redact.learn("abcdefgh");
    redact.learn("abcdefghij");
    assert.equal(redact.text("abcdefghij, once abcdefgh"), "[admin secret], once [admin secret]");
  });

  test("a secret that is a word of the contract does not break events", () => {
    const redact = redactor();
    redact.learn("run.failed");
    assert.deepEqual(redact.value({ type: "run.failed", message: "a run.failed" }), {
      type: "run.failed",
      message: "a [admin secret]",
    });
  });

  test("a compressed document is not changed if it contains a secret by chance", () => {
    const redact = redactor();
    redact.learn("CwGAe30D");
    const event = { type: "metadata.document", data: "CwGAe30D" };
    assert.deepEqual(redact.value({ ...event, other: "CwGAe30D" }), {
      ...{ ...event, other: "[admin secret]" },
    });
    assert.deepEqual(redact.value({ type: "log", data: "CwGAe30D" }), {
      ...{ type: "log", data: "[admin secret]" },
    });
  });

  test("says which kind of secret was removed, also beside another, and again in what was redacted", () => {
    const redact = redactor();
    redact.learn("the-very-secret-value");
    redact.learn("/services/T000/B000/XXXX", "webhook address");
    const once = redact.text("the-very-secret-value at https://h.test/services/T000/B000/XXXX");
    assert.equal(once, "[admin secret] at https://h.test[webhook address]");
    assert.equal(redact.text(once), once);
  });
});

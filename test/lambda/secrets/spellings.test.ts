import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { RunEvent } from "../../../src/protocol/events.ts";
import { redactor } from "../../../src/lambda/secrets/redact.ts";

/** Numbers from 0 up to 1, the same ones in every run. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const alphabets = [
  "abcdefghijklmnopqrstuvwxyz0123456789",
  "ABCDEFabcdef0123456789-_",
  "aB3$&<>\"'\\/+=%#?!@:;,. (){}[]|^*~`",
  "pässwörd-Ünï-漢字-🔑",
];

/** Secrets of 8 to 43 characters from several alphabets, some of them hard to search for. */
function* secrets(): Generator<string> {
  yield* ["postgres", "''''''''''", "\\\\\\\\\\\\\\\\", "[admin secret]", "a b c d e", "........"];
  yield "line\none\ttwo";
  const random = chance(7);
  for (let i = 0; i < 80; i += 1) {
    const alphabet = Array.from(alphabets[i % alphabets.length] ?? "");
    const length = 8 + Math.floor(random() * 36);
    const pick = (): string => alphabet[Math.floor(random() * alphabet.length)] ?? "x";
    const secret = Array.from({ length }, pick).join("").trim();
    if (Array.from(secret).length >= 8) yield secret;
  }
}

const unicodeEscapes = (text: string): string =>
  Array.from(
    { length: text.length },
    (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, "0")}`,
  ).join("");
const html = (text: string, quote: string): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", quote);
const json = (text: string): string => JSON.stringify(text).slice(1, -1);
const percent = (text: string): string =>
  Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
const base64 = (offset: number) => (text: string) =>
  Buffer.concat([
    Buffer.from("xyz".slice(0, offset)),
    Buffer.from(text),
    Buffer.from("tail"),
  ]).toString("base64");

const spellings: Readonly<Record<string, (secret: string) => string>> = {
  raw: (text) => text,
  "lower case": (text) => text.toLowerCase(),
  "upper case": (text) => text.toUpperCase(),
  "URL-encoded": encodeURIComponent,
  "a form field": (text) => new URLSearchParams({ x: text }).toString().slice(2),
  "URL-encoded throughout": percent,
  "URL-encoded twice": (text) => encodeURIComponent(encodeURIComponent(text)),
  "JSON-escaped": json,
  "JSON-escaped twice": (text) => json(json(text)),
  "JSON in ASCII": unicodeEscapes,
  "HTML-escaped": (text) => html(text, "&#39;"),
  "HTML-escaped with hexadecimal entities": (text) => html(text, "&#x27;"),
  "HTML-escaped twice": (text) => html(html(text, "&#39;"), "&#39;"),
  "an SQL literal": (text) => text.replaceAll("'", "''"),
  hexadecimal: (text) => Buffer.from(text).toString("hex"),
  "hexadecimal in upper case": (text) => Buffer.from(text).toString("hex").toUpperCase(),
  "base64 at offset 0": base64(0),
  "base64 at offset 1": base64(1),
  "base64 at offset 2": base64(2),
  base64url: (text) => Buffer.from(text).toString("base64url"),
};

/** Upper and lower case of some letters have another length (ß, İ), which is another text. */
const isSameText = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

describe("spellings of a secret", () => {
  for (const [name, spell] of Object.entries(spellings)) {
    test(`a secret is found ${name === "raw" ? "as it is" : `as ${name}`}`, () => {
      for (const secret of secrets()) {
        const spelt = spell(secret);
        if (name.endsWith("case") && !isSameText(spelt, secret)) continue;
        const redact = redactor();
        redact.learn(secret);
        const text = redact.text(`before ${spelt} after`);
        assert.match(text, /^before .*\[admin secret\].* after$/, `${secret} as ${spelt}: ${text}`);
        const rest = text.replaceAll("[admin secret]", "").slice(7, -6);
        // Of base64, the characters before and after that do not depend on the secret.
        assert.ok(rest.length <= (name.startsWith("base64 at") ? 10 : 1), `${secret}: ${text}`);
      }
    });
  }

  test.each([
    ["escapes as in C and Python", "pass wörd\n1", "\\x70\\x61\\x73\\x73\\x20w\\xf6rd\\x0a1"],
    ["short escapes", "line\none\ttwo", "line\\none\\ttwo"],
    ["a form field", "pass word one", "pass+word+one"],
    ["bytes between colons", "password", "70:61:73:73:77:6f:72:64"],
    ["bytes between blanks", "password", "70 61 73 73 77 6f 72 64"],
    ["bytes with their prefix", "password", "70\\x61\\x73\\x73\\x77\\x6f\\x72\\x64"],
    ["bytes of C", "password", "700x610x730x730x770x6f0x720x64"],
  ])("a secret is found in %s", (_, secret, spelt) => {
    const redact = redactor();
    redact.learn(secret);
    assert.equal(redact.text(`<${spelt}>`), "<[admin secret]>");
  });

  test.each([
    ["characters beyond U+00FF have no escape of two digits", "Ā漢字xyzuvw", "\\x10漢字xyzuvw"],
    ["a letter is not a plus sign", "passaword", "pass+word"],
    ["an ordinary letter has no short escape", "password1", "p\\undefinedssword1"],
  ])("%s", (_, secret, text) => {
    const redact = redactor();
    redact.learn(secret);
    assert.equal(redact.text(text), text);
  });

  test("redacting again changes nothing more", () => {
    for (const secret of [...secrets(), "admin secret"]) {
      const redact = redactor();
      redact.learn(secret);
      const once = redact.text(`it is ${secret}.`);
      assert.equal(redact.text(once), once, secret);
    }
  });

  test("no text makes the search slow", () => {
    const texts = ["\\", "'", "%25", "&amp;", "&#0", "a", " ", "\\u0061", "61:", "YWFh"];
    const some = [...secrets()].filter((_, i) => i < 8 || i % 8 === 0);
    for (const secret of [...some, "a".repeat(40), "\\'".repeat(20)]) {
      const redact = redactor();
      redact.learn(secret);
      const startedAt = performance.now();
      for (const text of texts) redact.text(text.repeat(20_000 / text.length));
      assert.ok(performance.now() - startedAt < 2000, secret);
    }
  });

  test("a secret that is too short is not searched for inside words", () => {
    for (const secret of ["run", "apply", "default", "s", "漢字"]) {
      const redact = redactor();
      redact.learn(secret);
      const event = {
        type: "log",
        level: "info",
        code: "x",
        message: `${secret}: apply the run 漢字`,
      };
      assert.equal(redact.value(event), event);
    }
  });
});

const failure = {
  kind: "migration",
  code: "sql-failed",
  message: "postgres",
  hints: [
    { kind: "command", argv: ["hasura-migrate", "status", "postgres"], reason: "postgres" },
    { kind: "retry", with: ["--database=postgres"], without: [] },
  ],
  causes: ["postgres"],
  sql: { file: "migrations/postgres/1_a/up.sql", sqlstate: "42601", message: "postgres" },
} as const;
const migration = {
  database: "postgres",
  version: "1700000000000",
  name: "postgres",
  direction: "up",
} as const;
const counts = { applied: 1, notReached: 0, tookMs: 1 };
const at = "2026-01-01T00:00:00.000Z";
const events = [
  {
    type: "run.started",
    runId: "019a7e0c-0000-7000-8000-000000000000",
    environment: "postgres",
    operation: "apply",
    operations: ["apply", "postgres"],
    contract: { newest: 1, oldest: 1 },
    requestId: "postgres",
    function: { name: "postgres", version: "1", package: "postgres" },
    image: {},
    hasura: { version: "v2" },
    engine: "native",
    store: "ledger",
    migrationSource: "image",
    protected: false,
    at,
  },
  {
    type: "plan",
    databases: [
      {
        database: "postgres",
        kind: "postgres",
        applied: 0,
        items: [{ ...migration, file: "postgres/1.sql", lines: 1, transaction: true }],
      },
    ],
  },
  {
    type: "status",
    databases: [
      {
        database: "postgres",
        kind: "postgres",
        store: "ledger",
        migrations: [{ version: "1", name: "postgres", state: "applied", runId: "postgres" }],
      },
    ],
  },
  { type: "cancel.requested", runs: ["postgres"] },
  { type: "migration.started", ...migration },
  { type: "migration.marked", database: "postgres", version: "1", name: "postgres", as: "applied" },
  { type: "waiting", reason: "outcome", message: "x", waitedMs: 1 },
  { type: "heartbeat", at },
  { type: "run.finished", ...counts },
] satisfies RunEvent[];

describe("the contract and the secret", () => {
  test("values that the contract gives a meaning are the same, however ordinary the secret", () => {
    const words = events.flatMap((event) => JSON.stringify(event).match(/[a-z0-9.:-]{8,}/gi) ?? []);
    for (const secret of new Set(["postgres", "run.started", ...words])) {
      const redact = redactor();
      redact.learn(secret);
      for (const event of events) {
        assert.deepEqual(redact.value(event), event, secret);
        assert.ok(RunEvent.safeParse(redact.value(event)).success);
      }
    }
  });

  test("sentences beside them are redacted", () => {
    const redact = redactor();
    redact.learn("postgres");
    const event = { type: "run.failed", ...counts, failure } as const;
    const shown = redact.value(event);
    assert.equal(shown.failure.message, "[admin secret]");
    assert.deepEqual(shown.failure.causes, ["[admin secret]"]);
    assert.equal(shown.failure.sql.message, "[admin secret]");
    assert.equal(shown.failure.sql.file, failure.sql.file);
    assert.deepEqual(shown.failure.hints[0], { ...failure.hints[0], reason: "[admin secret]" });
    assert.deepEqual(shown.failure.hints[1], failure.hints[1]);
    assert.ok(RunEvent.safeParse(shown).success);
  });

  test("Hasura's messages about its metadata are redacted, including names", () => {
    const redact = redactor();
    redact.learn("s3cret-value");
    const broken = [{ type: "table", name: "s3cret-value", reason: "no s3cret-value" }];
    const event = { type: "metadata.reloaded", tookMs: 1, inconsistent: { broken, before: 0 } };
    assert.doesNotMatch(JSON.stringify(redact.value(event)), /s3cret/);
  });
});

import assert from "node:assert/strict";
import { describe, test } from "vitest";
import * as z from "zod";
import { HasuraCallError } from "../../../src/engine/hasura/client.ts";
import * as answers from "../../../src/lambda/hasura/hasura-answers.ts";
import type { HttpAnswer } from "../../../src/lambda/hasura/http-call.ts";
import { Failure } from "../../../src/protocol/failure.ts";

const Content = z.object({ a: z.number() });
const answer = (content: unknown, more: Partial<HttpAnswer> = {}): HttpAnswer => ({
  status: 200,
  location: undefined,
  text: typeof content === "string" ? content : JSON.stringify(content),
  cut: false,
  ...more,
});

/** No secret is in these responses. */
const unredacted = (text: string): string => text;

function errorOf(given: HttpAnswer, redact: answers.Redact = unredacted): HasuraCallError {
  try {
    answers.contentOf(given, Content, redact);
  } catch (error) {
    if (error instanceof HasuraCallError) return error;
    throw error;
  }
  return assert.fail("it was accepted");
}

describe("the content of a response", () => {
  test("is read from a 200, and from no redirect or error that has the same shape", () => {
    for (const status of [200, 299])
      assert.deepEqual(answers.contentOf(answer({ a: 1 }, { status }), Content, unredacted), {
        a: 1,
      });
    for (const status of [300, 399, 400, 500])
      assert.equal(errorOf(answer({ a: 1 }, { status })).status, status);
  });

  test("that was cut is not read, but an error or a redirect that was cut is", () => {
    const cut = errorOf(answer({ a: 1 }, { cut: true }));
    assert.deepEqual([cut.outcome, cut.status], ["unknown", 200]);
    assert.match(cut.message, /too large/);
    assert.equal(errorOf(answer("", { cut: true, status: 302 })).outcome, "rejected");
  });

  test("of another shape names what is missing", () => {
    const error = errorOf(answer({ b: 1 }));
    assert.deepEqual([error.outcome, error.status], ["unknown", 200]);
    assert(error.cause instanceof Error);
    assert.match(error.cause.message, /→ at a/);
  });

  test("that is not JSON does not come from Hasura", () => {
    const error = errorOf(answer("hello"));
    assert.deepEqual([error.outcome, error.status], ["unknown", 200]);
    assert.match(error.message, /HTTP 200\): "hello"$/);
  });
});

describe("an error response", () => {
  const body = { error: "no", code: "postgres-error", path: "$.args" };

  test("of Hasura is rejected, with what it names and nothing else", () => {
    const named = errorOf(answer(body, { status: 400 }));
    assert.deepEqual(
      [named.outcome, named.message, named.status, named.code, named.path, named.database],
      ["rejected", "no", 400, "postgres-error", "$.args", undefined],
    );
    assert.equal(errorOf(answer({ error: "no", code: "x" }, { status: 400 })).path, undefined);
    assert.equal(errorOf(answer(body, { status: 500 })).outcome, "rejected");
    assert.equal(errorOf(answer(body, { status: 501 })).outcome, "rejected");
  });

  test("of a gateway is unknown, whatever it looks like", () => {
    for (const status of [502, 503, 504]) {
      const error = errorOf(answer(body, { status }));
      assert.deepEqual([error.outcome, error.status, error.code], ["unknown", status, undefined]);
    }
  });

  test("without Hasura's shape is unknown", () => {
    for (const content of [{ error: "no" }, { code: "x" }, { error: 1, code: "x" }, null, "", "[]"])
      assert.equal(errorOf(answer(content, { status: 400 })).outcome, "unknown");
  });

  test("has the database's error, without its empty fields", () => {
    const databaseOf = (error: unknown) =>
      errorOf(answer({ ...body, internal: { error } }, { status: 400 })).database;
    const all = {
      exec_status: "FatalError",
      status_code: "42P01",
      message: "boom",
      description: "why",
      hint: "how",
    };
    assert.deepEqual(databaseOf(all), {
      sqlstate: "42P01",
      message: "boom",
      detail: "why",
      hint: "how",
      execStatus: "FatalError",
    });
    const nulls = Object.fromEntries(Object.keys(all).map((key) => [key, null]));
    assert.deepEqual(databaseOf(nulls), {});
    assert.deepEqual(databaseOf({ ...nulls, message: "boom", hint: "", status_code: 7 }), {
      message: "boom",
    });
    assert.deepEqual(databaseOf({}), {});
    assert.equal(databaseOf(undefined), undefined);
    assert.equal(databaseOf("a text"), undefined);
  });

  test("of any other sender is quoted: its title, or its beginning", () => {
    const quoted = (text: string): string =>
      /HTTP 418\): (.*)$/.exec(errorOf(answer(text, { status: 418 })).message)?.[1] ?? "";
    assert.equal(quoted("<html><TITLE>Sign\n  in </TITLE>"), '"Sign in"');
    assert.equal(quoted("<title></title>x"), '"<title></title>x"');
    assert.equal(quoted(`  ${"x".repeat(150)}`), `"${"x".repeat(100)}"`);
    assert.equal(quoted(`<title>${"x".repeat(100)}</title>`), `"${"x".repeat(100)}"`);
    assert.equal(quoted("a  b\n\nc"), '"a b c"');
    assert.equal(quoted(" \n "), "an empty response");
  });

  test("that redirects is rejected, and names the target", () => {
    const redirected = (status: number, location?: string): HasuraCallError => {
      const error = errorOf(answer("", { status, location }));
      assert.deepEqual([error.outcome, error.status], ["rejected", status]);
      assert(error.cause instanceof Failure);
      assert.deepEqual([error.cause.kind, error.cause.code], ["unreachable", "redirected"]);
      assert.equal(error.cause.message, error.message);
      assert.equal(error.cause.hints.length, 1);
      return error;
    };
    assert.match(redirected(302, "https://x/y").message, /HTTP 302\) to https:\/\/x\/y\.$/);
    assert.match(redirected(300).message, /HTTP 300\) elsewhere\.$/);
    assert.match(redirected(399).message, /HTTP 399\) elsewhere\.$/);
  });
});

describe("the shape of a response", () => {
  test("of metadata has defaults for servers before version 3", () => {
    assert.deepEqual(answers.MetadataAnswer.parse({}), { version: 1, sources: [] });
    assert.deepEqual(answers.MetadataAnswer.parse({ version: 3, sources: [{ name: "a" }] }), {
      version: 3,
      sources: [{ name: "a", kind: "postgres" }],
    });
    assert.equal(answers.MetadataAnswer.safeParse({ version: 2.5 }).success, false);
    assert.equal(answers.MetadataAnswer.safeParse({ sources: [{}] }).success, false);
  });

  test("of rows has texts and nulls", () => {
    assert.deepEqual(
      answers.SqlAnswer.parse({ result_type: "TuplesOk", result: [["a", null, 1, { b: [true] }]] }),
      { result_type: "TuplesOk", result: [["a", null, "1", '{"b":[true]}']] },
    );
    assert.equal(answers.SqlAnswer.safeParse({ result: [] }).success, false);
    assert.equal(answers.SqlAnswer.safeParse({ result_type: "x", result: ["a"] }).success, false);
  });

  test("of a catalog state needs an id", () => {
    assert.deepEqual(answers.CatalogStateAnswer.parse({ id: "x", console_state: {} }), { id: "x" });
    assert.equal(answers.CatalogStateAnswer.safeParse({ cli_state: {} }).success, false);
  });

  test("of inconsistent objects has a name in any case", () => {
    const read = (object: object) =>
      answers.InconsistencyAnswer.parse({ inconsistent_objects: [{ type: "table", ...object }] })
        .inconsistent_objects[0];
    assert.deepEqual(read({ name: "a", definition: "b", reason: "gone" }), {
      type: "table",
      name: "a",
      reason: "gone",
    });
    assert.deepEqual(read({ name: null, definition: { t: 1 }, reason: ["x"] }), {
      type: "table",
      name: '{"t":1}',
      reason: '["x"]',
    });
    assert.deepEqual(read({}), { type: "table", name: "null", reason: "null" });
    assert.equal(answers.InconsistencyAnswer.safeParse({}).success, false);
  });

  test("of inconsistent objects and warnings has no secrets, although Hasura repeats them", () => {
    const address = "https://ada:hunter2@pay.example/graphql?key=hunter2";
    const { inconsistent_objects: objects } = answers.InconsistencyAnswer.parse({
      inconsistent_objects: [
        {
          type: "remote_schema",
          definition: { name: "pay", headers: [{ name: "x-key", value: "hunter2" }], url: address },
          reason: `HTTP exception occurred while sending the request to "${address}"`,
        },
        { type: "action", name: { address }, reason: { address } },
      ],
    });
    const { warnings } = answers.ReplaceAnswer.parse({ warnings: [{ message: address }] });
    assert.doesNotMatch(JSON.stringify([objects, warnings]), /hunter2/);
    assert.match(objects[0]?.reason ?? "", /https:\/\/\*+@pay\.example\/graphql/);
    const error = `not a valid URI: ${address}`;
    const refusal = errorOf(answer({ code: "invalid-configuration", error }, { status: 400 }));
    assert.doesNotMatch(refusal.message, /hunter2/);
  });
});

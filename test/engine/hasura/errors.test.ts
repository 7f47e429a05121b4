import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { HasuraCallError } from "../../../src/engine/hasura/client.ts";
import { hasuraFailure, isAccessDenied, isUnavailable } from "../../../src/engine/hasura/errors.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { explained, notSent, rejected, unknown } from "../support/call-errors.ts";

describe("an error of a call to Hasura, as a failure", () => {
  const failures: [
    what: string,
    error: HasuraCallError,
    code: string,
    message: RegExp,
    hints: string[],
  ][] = [
    [
      "a call that was not sent",
      notSent(),
      "unreachable hasura-unreachable",
      /while x\.$/,
      ["text"],
    ],
    [
      "a refused secret",
      rejected({ status: 401 }),
      "access wrong-secret",
      /query execution failed/,
      ["text"],
    ],
    [
      "a secret that is refused with a status of 200",
      rejected({ status: 200, code: "access-denied" }),
      "access wrong-secret",
      /query execution failed/,
      ["text"],
    ],
    [
      "a path that is not there",
      unknown({ status: 404 }),
      "unreachable not-hasura",
      /404/,
      ["text"],
    ],
    [
      "a path that Hasura does not have",
      rejected({ status: 404, code: "not-found" }),
      "unreachable not-hasura",
      /while x/,
      ["text"],
    ],
    [
      "a lost connection",
      unknown(),
      "unreachable answer-lost",
      /was lost while x/,
      ["text", "retry"],
    ],
    [
      "a page of something else",
      unknown({ status: 499 }),
      "unreachable answer-lost",
      /HTTP 499\) while x/,
      ["text", "retry"],
    ],
    [
      "a gateway's error",
      unknown({ status: 500 }),
      "unreachable gateway-error",
      /HTTP 500\) while x/,
      ["text"],
    ],
    [
      "an error of Hasura's",
      rejected(),
      "unreachable hasura-error",
      /while x: query execution failed$/,
      [],
    ],
    [
      "an error of the database",
      rejected({ database: { message: "out of memory" } }),
      "unreachable hasura-error",
      /while x: out of memory$/,
      [],
    ],
  ];
  for (const [what, error, code, message, hints] of failures) {
    test(`${what} is ${code}`, () => {
      const failure = hasuraFailure(error, "x");
      assert(failure instanceof Failure);
      assert.equal(`${failure.kind} ${failure.code}`, code);
      assert.match(failure.message, message);
      assert.deepEqual(
        failure.hints.map(({ kind }) => kind),
        hints,
      );
      assert.equal(failure.cause, error);
    });
  }

  test("is the failure that explains it, if there is one", () => {
    for (const error of [
      notSent({ cause: explained }),
      rejected({ status: 401, cause: explained }),
    ])
      assert.equal(hasuraFailure(error, "x"), explained);
  });

  test("is the error itself, if it does not come from a call", () => {
    const bug = new TypeError("x is not a function");
    assert.equal(hasuraFailure(bug, "x"), bug);
    assert.equal(hasuraFailure(explained, "x"), explained);
  });
});

describe("Hasura", () => {
  test("may be starting, if nothing listens or a gateway has no target", () => {
    for (const error of [
      notSent(),
      unknown(),
      ...[500, 502, 503, 504].map((status) => unknown({ status })),
    ])
      assert.equal(isUnavailable(error), true, JSON.stringify(error));
  });

  test("is not awaited if waiting does not help", () => {
    for (const error of [
      notSent({ cause: explained }),
      unknown({ cause: explained }),
      rejected(),
      rejected({ status: 503 }),
      rejected({ status: 401 }),
      unknown({ status: 401 }),
      unknown({ status: 502, code: "access-denied" }),
      unknown({ status: 404 }),
      unknown({ status: 200 }),
      unknown({ status: 501 }),
      new Error("a bug"),
      explained,
      undefined,
    ])
      assert.equal(isUnavailable(error), false, String(error));
  });

  test("refused the secret, by its status or its code", () => {
    assert.equal(isAccessDenied(rejected({ status: 401 })), true);
    assert.equal(isAccessDenied(rejected({ code: "access-denied" })), true);
    assert.equal(isAccessDenied(rejected({ status: 403, code: "permission-denied" })), false);
  });
});

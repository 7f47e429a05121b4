import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { actorOf } from "../src/cli/run/actor.ts";
import { runEnd } from "../src/engine/run-result.ts";
import { labelStatement } from "../src/engine/store/ledger/statement-label.ts";
import { beginRunSql } from "../src/engine/store/ledger/statements.ts";
import { Actor } from "../src/protocol/request.ts";
import { Failure } from "../src/protocol/failure.ts";
import { cleanText } from "../src/clean-text.ts";
import { testContext } from "./support/test-context.ts";

const lone = /\p{Surrogate}/u;

describe("texts that are recorded", () => {
  for (const [text, most, expected] of [
    ["plain", 10, "plain"],
    ["a😀", 2, "a"],
    ["a😀b", 3, "a😀"],
    ["\ud83d", 10, "\ufffd"],
    ["\ude00\0", 10, "\ufffd\ufffd"],
  ] as const)
    test(`${JSON.stringify(text)} in ${String(most)} units`, () =>
      assert.equal(cleanText(text, most), expected));

  test("an actor's texts are truncated between characters, and are valid in a request", async (t) => {
    const long = `${"x".repeat(199)}😀`;
    const ci = `https://ci/${"x".repeat(988)}😀`;
    const context = testContext(t, {
      argv: [],
      env: { BUILD_URL: ci },
      git: `${"a".repeat(99)}😀\n${"b".repeat(299)}😀`,
    });
    const actor = await actorOf({ ...context, user: long, host: `\ud83d${long}` }, true);
    assert.deepEqual(Actor.parse(actor), actor);
    assert.ok(actor.gitCommit !== undefined && actor.ciJob !== undefined);
    for (const text of Object.values(actor)) assert.doesNotMatch(text ?? "", lone);
  });

  test("the failure that closes a run is cut between characters, without NUL", () => {
    const failure = new Failure("bug", "unexpected", `\0${"x".repeat(1998)}😀`);
    const { failure: text = "" } = runEnd({
      applied: 0,
      notReached: 0,
      stop: { stop: "failed", failure },
    });
    assert.equal(text, `\ufffd${"x".repeat(1998)}`);
  });

  test("texts about a run reach the ledger without NUL and lone surrogates", () => {
    const actor = { user: "a\ud83d", host: "b\0" };
    const described = { run: "r", part: 1, operation: "apply", actor, requestId: "q", options: {} };
    assert.match(beginRunSql(described, 1), /"user":"a\ufffd","host":"b\ufffd"/);
    assert.match(labelStatement({ run: "r", version: "1", name: "a\ud83d" }), /name=a%EF%BF%BD/);
  });
});

import assert from "node:assert/strict";
import { describe, test } from "vitest";
import {
  commandHint,
  isCommandOf,
  ReceivedHints,
  retryHint,
  runHint,
  textHint,
  type Hint,
} from "../../src/protocol/hint.ts";

describe("hints", () => {
  const made: [what: string, hint: Hint, data: unknown][] = [
    ["a sentence", textHint("do this"), { kind: "text", text: "do this" }],
    [
      "another program's command",
      commandHint(["aws", "sso", "login"], "log in again"),
      { kind: "command", argv: ["aws", "sso", "login"], reason: "log in again" },
    ],
    ["a command without a reason", commandHint(["aws"]), { kind: "command", argv: ["aws"] }],
    [
      "a command of this program, which starts with its name",
      runHint(["status", "dev-1"], "see what is applied"),
      {
        kind: "command",
        argv: ["hasura-migrate", "status", "dev-1"],
        reason: "see what is applied",
      },
    ],
    ["the same command again", retryHint(), { kind: "retry", with: [], without: [] }],
    [
      "the same command with and without options",
      retryHint({ with: ["--yes=prod"], without: ["only"], reason: "because" }),
      { kind: "retry", with: ["--yes=prod"], without: ["only"], reason: "because" },
    ],
  ];
  for (const [what, hint, data] of made) {
    test(`${what} is data, and arrives as it was sent`, () => {
      assert.deepEqual(hint, data);
      assert.deepEqual(ReceivedHints.parse(JSON.parse(JSON.stringify([hint]))), [data]);
    });
  }

  test("unknown or malformed ones are dropped individually", () => {
    const received = [
      { kind: "text", text: "first" },
      { kind: "link", href: "https://example.com" },
      { kind: "text" },
      { kind: "command", argv: [] },
      "just a text",
      null,
      { kind: "retry" },
    ];
    assert.deepEqual(ReceivedHints.parse(received), [
      { kind: "text", text: "first" },
      { kind: "retry", with: [], without: [] },
    ]);
  });

  test("anything but a list of hints is refused", () => {
    assert(!ReceivedHints.safeParse("do this").success);
  });

  const commands: [what: string, hint: Hint, name: string | undefined, answer: boolean][] = [
    ["any command of this program", runHint(["status", "dev-1"]), undefined, true],
    ["this command of this program", runHint(["status", "dev-1"]), "status", true],
    ["another command of this program", runHint(["status", "dev-1"]), "apply", false],
    ["another program's command", commandHint(["aws", "status"]), undefined, false],
    ["another program's command of that name", commandHint(["aws", "status"]), "status", false],
    ["a sentence", textHint("hasura-migrate status"), undefined, false],
    ["the same command again", retryHint(), undefined, false],
  ];
  for (const [what, hint, name, answer] of commands) {
    test(`${what}${name === undefined ? "" : `, asked for ${name},`} is ${answer ? "" : "not "}one of this program's commands`, () => {
      assert.equal(isCommandOf(hint, name), answer);
    });
  }
});

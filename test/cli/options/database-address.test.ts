import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { TargetOptions } from "../../../src/cli/options/schemas.ts";
import { testContext } from "../../support/test-context.ts";

/** Passwords that are not encoded; `1/hidden` looks like a port and a path. */
const cut = [
  "hid/den",
  "hid#den",
  "hid?den",
  "hid%den",
  "hid%zzden",
  "1/hidden",
  "1?hidden",
  "1#hidden",
];

describe("the address of a database", () => {
  for (const password of cut)
    for (const option of [
      (address: string) => ["--database-url", address],
      (address: string) => [`--database-url=${address}`],
    ]) {
      const argv = option(`postgres://me:${password}@127.0.0.1:1/mine`);
      test(`asks to encode the password without repeating it: ${argv.join(" ")}`, async (t) => {
        for (const json of [[], ["--json"]]) {
          const context = testContext(t, { argv: ["local", ...argv, ...json] });
          assert.equal(await main(context), 2);
          const text = context.out.text + context.err.text;
          assert.match(
            text,
            /--database-url: the user and the password must be percent-encoded \(\/ is %2F, # is %23, \? is %3F, @ is %40, % is %25\)\./,
          );
          assert.doesNotMatch(text, /hid|den\b/);
        }
      });
    }

  test("the user name is checked as well", () => {
    const refused = TargetOptions.safeParse({
      environments: ["local"],
      databaseUrl: "postgres://me%:p@127.0.0.1/mine",
    });
    assert.match(refused.error?.issues[0]?.message ?? "", /percent-encoded/);
  });

  for (const address of [
    "postgres://me:hid%2Fden@127.0.0.1/mine",
    // The last "@" ends the login.
    "postgres://me:hid@den@127.0.0.1/mine",
    "postgres://me:hid:den@127.0.0.1/mine",
    "postgresql:///mine?host=/var/run/postgresql",
    "postgres://me@127.0.0.1/my%20base?sslmode=require",
  ])
    test(`is taken: ${address}`, () => {
      const parsed = TargetOptions.safeParse({ environments: ["local"], databaseUrl: address });
      assert.ok(parsed.success);
    });
});

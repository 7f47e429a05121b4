import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { within } from "../../../src/cli/connection/time-limit.ts";
import { main } from "../../../src/cli/main.ts";
import { emptyDirectory, testContext } from "../../support/test-context.ts";

describe("time limit", () => {
  test("a wait ends when its time is up, but not during a prompt", async (t) => {
    const { every, tick } = testContext(t, { argv: [] });
    const person = { isAsked: true };
    const waiting = within(new Promise<never>(() => undefined), {
      ms: 60_000,
      every,
      late: () => new Error("too late"),
      isPaused: () => person.isAsked,
    });
    const state = { ended: false };
    void waiting.catch(() => (state.ended = true));
    tick(60_000);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(state.ended, false);
    person.isAsked = false;
    tick(60_000);
    await assert.rejects(waiting, /too late/);
  });

  test("a result in time is passed on, and its timer ends", async (t) => {
    const { every, tick } = testContext(t, { argv: [] });
    const late = (): Error => assert.fail("the timer goes on");
    assert.equal(await within(Promise.resolve(5), { ms: 1000, every, late }), 5);
    tick(1000);
  });

  test("a credential_process that never ends is reported while it is awaited, and given up after a minute", async (t) => {
    const directory = emptyDirectory(t);
    const config = join(directory, "config");
    writeFileSync(config, `[profile slow]\nregion = eu-west-1\ncredential_process = sleep 20\n`);
    const context = testContext(t, {
      argv: ["dev-3", "--profile", "slow"],
      env: { AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: join(directory, "none") },
    });
    const state = { over: false };
    const running = main(context).finally(() => {
      state.over = true;
    });
    await context.waitsFor(60_000, () => state.over);
    context.tick(1000);
    context.tick(60_000);
    assert.equal(await running, 3);
    assert.match(context.err.text, /getting credentials for dev-3 …/);
    assert.match(
      context.err.text,
      /No credentials from profile "slow" within 60 s; nothing was sent\./,
    );
  });
});

import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { crashGuard } from "../../src/lambda/crash-guard.ts";

/** A guard whose exits and waits are listed in order. */
function guarded() {
  const order: string[] = [];
  const guard = crashGuard({
    exit: () => void order.push("exit"),
    sleep: async () => void order.push("wait for delivery"),
  });
  return { guard, order };
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("crash guard", () => {
  test("without a crash invocations are served one after the other, and nothing exits", async () => {
    const { guard, order } = guarded();
    await guard.stream(async () => void order.push("first"));
    assert.equal(await guard.respond(async () => "second"), "second");
    assert.deepEqual(order, ["first"]);
  });

  test("an idle process exits at once", () => {
    const { guard, order } = guarded();
    guard.crashed();
    assert.deepEqual(order, ["exit"]);
  });

  test("a crash during a streamed invocation: it is finished and delivered, then the process exits before the runtime continues", async () => {
    const { guard, order } = guarded();
    let returned = false;
    void guard
      .stream(async () => {
        guard.crashed();
        await tick();
        order.push("finished");
      })
      .then(() => (returned = true));
    await tick();
    await tick();
    await tick();
    assert.deepEqual(order, ["finished", "wait for delivery", "exit"]);
    assert.equal(returned, false);
  });

  test("a second crash during the delivery does not cut it short", async () => {
    const order: string[] = [];
    const guard = crashGuard({
      exit: () => void order.push("exit"),
      sleep: async () => {
        guard.crashed();
        order.push("delivered");
      },
    });
    void guard.stream(async () => guard.crashed());
    await tick();
    assert.deepEqual(order, ["delivered", "exit"]);
  });

  test("a crash during a buffered invocation: its response is returned, then the process exits", async () => {
    const { guard, order } = guarded();
    const response = await guard.respond(async () => {
      guard.crashed();
      return "response";
    });
    order.push(response);
    await tick();
    assert.deepEqual(order.toSorted(), ["exit", "response", "wait for delivery"]);
  });
});

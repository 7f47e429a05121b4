import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { createInterrupts, type EndSignal } from "../../../src/cli/run/cancellation.ts";

describe("the signals of a process", () => {
  const all: readonly {
    readonly name: string;
    readonly signals: readonly EndSignal[];
    readonly leaves: boolean;
  }[] = [
    { name: "two Ctrl-C", signals: ["interrupt", "interrupt"], leaves: false },
    { name: "a third Ctrl-C", signals: ["interrupt", "interrupt", "interrupt"], leaves: true },
    { name: "one SIGTERM", signals: ["terminate"], leaves: false },
    { name: "a second SIGTERM", signals: ["terminate", "terminate"], leaves: true },
    { name: "SIGTERM after Ctrl-C", signals: ["interrupt", "terminate"], leaves: false },
    { name: "SIGHUP", signals: ["hangup"], leaves: false },
  ];
  for (const { name, signals, leaves } of all) {
    test(`${name} ${leaves ? "ends the process at once" : "lets the command end by itself"}`, () => {
      let exits = 0;
      const { first, listen, onSignal } = createInterrupts(() => (exits += 1));
      const seen: EndSignal[] = [];
      listen((signal) => seen.push(signal));
      assert.equal(first.aborted, false);
      for (const signal of signals) onSignal(signal);
      assert.equal(first.aborted, true);
      assert.equal(exits, leaves ? 1 : 0);
      assert.deepEqual(seen, leaves ? signals.slice(0, -1) : signals);
    });
  }

  test("SIGTERM sets the time in which the process ends, whatever it is doing", () => {
    let soon = 0;
    const { onSignal } = createInterrupts(
      () => undefined,
      () => (soon += 1),
    );
    onSignal("interrupt");
    assert.equal(soon, 0);
    onSignal("terminate");
    assert.equal(soon, 1);
  });

  test("any number of environments can listen to the first one, without a warning of Node", async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on("warning", onWarning);
    const { first } = createInterrupts(() => undefined);
    for (let i = 0; i < 50; i += 1) first.addEventListener("abort", () => undefined);
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", onWarning);
    assert.deepEqual(warnings, []);
  });

  test("a late listener receives earlier signals, and none after it has stopped", () => {
    const { listen, onSignal } = createInterrupts(() => undefined);
    onSignal("interrupt");
    const seen: EndSignal[] = [];
    const stop = listen((signal) => seen.push(signal));
    onSignal("hangup");
    stop();
    onSignal("interrupt");
    assert.deepEqual(seen, ["interrupt", "hangup"]);
  });
});

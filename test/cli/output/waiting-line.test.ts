import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { waitingLine } from "../../../src/cli/output/terminal/waiting-line.ts";
import { testContext } from "../../support/test-context.ts";

describe("a wait outside a terminal", () => {
  test("is mentioned once, if it takes longer than a second", (t) => {
    const context = testContext(t, { argv: [] });
    const line = waitingLine(context, { color: true });
    line.show("looking …");
    assert.equal(context.err.text, "");
    context.tick(1000);
    context.tick(1000);
    assert.equal(context.err.text, "looking …\n");
  });

  test("is not mentioned if it ends, or another one begins, within a second", (t) => {
    const context = testContext(t, { argv: [] });
    const line = waitingLine(context, { color: true });
    line.show("looking …");
    line.show("reading …");
    context.tick(1000);
    line.show("writing …");
    line.stop();
    context.tick(1000);
    assert.equal(context.err.text, "reading …\n");
  });
});

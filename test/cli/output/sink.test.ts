import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { sinkOf } from "../../../src/cli/output/terminal/sink.ts";
import { asStyled } from "../../../src/cli/output/terminal/styled.ts";
import type { Sink } from "../../../src/cli/context.ts";

/** What arrives at the stream of a sink. */
function arrivesAt(write: (sink: Sink) => void): string {
  let text = "";
  const stream = {
    ...{ isTTY: false, columns: 80, rows: 24 },
    write: (more: string) => {
      text += more;
    },
    drained: () => undefined,
  };
  write(sinkOf(stream, { workflow: false }));
  return text;
}

describe("a sink", () => {
  test("shows the control characters of a text, and keeps its lines", () => {
    const text = "one\u001b[2J\rtwo\u202e\n\tthree\n";
    assert.equal(
      arrivesAt((sink) => sink.write(text)),
      "one␛[2J␍two<U+202E>\n\tthree\n",
    );
  });

  test("writes styled text with its own escape sequences", () => {
    const green = "\u001b[32mdone\u001b[39m\n";
    assert.equal(
      arrivesAt((sink) => sink.writeStyled(asStyled(green))),
      green,
    );
  });
});

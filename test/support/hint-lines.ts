import type { Hint } from "../../src/protocol/hint.ts";

/** Hints as lines: a sentence, a command without its reason, or `retry` with the options to add, to leave out (`!`) and the reason. */
export function hintLines(hints: readonly Hint[] = []): string[] {
  return hints.map((hint) => {
    if (hint.kind === "text") return hint.text;
    if (hint.kind === "command") return hint.argv.join(" ");
    const without = hint.without.map((option) => `!${option}`);
    const reason = hint.reason === undefined ? "" : `: ${hint.reason}`;
    return ["retry", ...hint.with, ...without].join(" ") + reason;
  });
}

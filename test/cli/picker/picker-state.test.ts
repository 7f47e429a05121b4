import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { colorsFor } from "../../../src/cli/output/terminal/colors.ts";
import { pickerLines } from "../../../src/cli/output/views/picker.ts";
import { choicesFor, type Choice } from "../../../src/cli/picker/choices.ts";
import {
  afterKey,
  matching,
  openedWith,
  withCount,
  type PickerState,
} from "../../../src/cli/picker/picker-state.ts";

const loaded = {
  config: {
    environments: { "dev-1": {}, "dev-2": {}, prod: { protected: true } },
    groups: { dev: ["dev-1", "dev-2"] },
  },
};

/** The list after these keys: characters, or names. */
function after(...keys: readonly string[]) {
  let state = openedWith(choicesFor(loaded, []));
  for (const name of keys) {
    const step = afterKey(state, { text: name.length === 1 ? name : "", name, ctrl: false });
    if (step.kind !== "open")
      return { state, end: step.kind === "chosen" ? step.choice.name : step.kind };
    state = step.state;
  }
  return { state, end: undefined };
}

const names = (choices: readonly Choice[]): string[] => choices.map(({ name }) => name);

function screen(state: PickerState, columns = 80, rows = 24): string[] {
  const style = colorsFor({ isTTY: true }, { NO_COLOR: "1" }, true);
  return pickerLines(state, { style, columns, rows, question: "Apply to" });
}

describe("the list of environments", () => {
  test("has the environment that was chosen last first, then groups and all", () => {
    assert.deepEqual(names(choicesFor(loaded, ["gone", "prod"])), [
      "prod",
      "dev-1",
      "dev-2",
      "dev",
      "all",
    ]);
    const all = choicesFor(loaded, []).at(-1);
    assert.deepEqual([all?.kind, all?.protected], ["all", true]);
  });

  test("a single environment needs no `all`", () => {
    assert.deepEqual(names(choicesFor({ config: { environments: { dev: {} } } }, [])), ["dev"]);
  });

  test.for([
    [["return"], "dev-1"],
    [["down", "return"], "dev-2"],
    [["up", "return"], "all"],
    [["p", "r", "return"], "prod"],
    [["2", "return"], "dev-2"],
    [["x", "x", "return"], undefined],
    [["x", "escape", "return"], "dev-1"],
    [["escape"], "left"],
    [["down", "d", "return"], "dev-1"],
    [["d", "e", "v", " ", "2", "return"], "dev-2"],
    [["p", "backspace", "return"], "dev-1"],
  ] as const)("the keys %j choose %s", ([keys, end]) => {
    assert.equal(after(...keys).end, end);
  });

  test("a key that types nothing that a name has changes nothing", () => {
    assert.deepEqual(after("f5", "\u001b", "é", "backspace", "left").state.filter, "");
    assert.deepEqual(names(matching(after("P", "R").state)), ["prod"]);
  });

  test("shows how many are pending as they arrive; a group has the sum of its members", () => {
    let { state } = after();
    assert.match(screen(state)[1] ?? "", /^❯ dev-1 +…$/);
    state = withCount(withCount(state, "dev-1", 2), "dev-2", 0);
    assert.match(screen(state)[1] ?? "", /^❯ dev-1 +2 pending$/);
    assert.match(screen(state)[2] ?? "", /^ {2}dev-2 +up to date$/);
    assert.match(screen(state)[3] ?? "", /^ {2}prod +… · protected$/);
    assert.match(screen(state)[4] ?? "", /^ {2}group dev +2 pending · 2 environments$/);
    state = withCount(state, "prod", "unknown");
    assert.match(
      screen(state)[5] ?? "",
      /^ {2}all +2 pending, 1 not reached · protected · 3 environments$/,
    );
    assert.match(screen(state)[3] ?? "", /^ {2}prod +not reached · protected$/);
  });

  test("a group none of whose members was reached is not reached", () => {
    const { state } = after();
    const both = withCount(withCount(state, "dev-1", "unknown"), "dev-2", "unknown");
    assert.match(screen(both)[4] ?? "", /^ {2}group dev +not reached · 2 environments$/);
  });

  test("where not everything fits, `protected` comes first", () => {
    let { state } = after();
    for (const name of ["dev-1", "dev-2"]) state = withCount(state, name, 2);
    state = withCount(state, "prod", "unknown");
    assert.match(screen(state, 40)[5] ?? "", /^ {2}all +protected · 4 pending/);
  });

  test("`group` finds the groups", () => {
    assert.deepEqual(names(matching(after("g", "r", "o", "u", "p").state)), ["dev"]);
    assert.deepEqual(names(matching(after("g", "r", " ", "d", "e", "v").state)), ["dev"]);
  });

  test("says where nothing matches", () => {
    assert.match(screen(after("x", "y").state).join("\n"), /No environment matches/);
  });

  test.for([20, 40, 60, 80, 160])("fits a terminal of %d columns", (columns) => {
    const long = Object.fromEntries(
      Array.from({ length: 200 }, (_, i) => [`environment-with-a-long-name-${String(i)}`, {}]),
    );
    let state = openedWith(choicesFor({ config: { environments: long } }, []));
    for (let i = 0; i < 150; i += 1) {
      const step = afterKey(state, { text: "", name: "down", ctrl: false });
      if (step.kind === "open") state = step.state;
    }
    const lines = screen(state, columns, 10);
    assert.ok(lines.length < 10, String(lines.length));
    for (const line of lines) assert.ok(line.length < columns, line);
    assert.ok(
      lines.some((line) => line.startsWith("❯ environment")),
      lines.join("\n"),
    );
  });
});

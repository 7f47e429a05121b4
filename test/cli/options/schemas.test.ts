import assert from "node:assert/strict";
import { describe, test } from "vitest";
import * as z from "zod";
import type { CommandLine } from "../../../src/cli/options/command-line.ts";
import * as schemas from "../../../src/cli/options/schemas.ts";
import { Failure } from "../../../src/protocol/failure.ts";

const commandLine: CommandLine = {
  command: { name: "down", options: [], operands: ["environment", "steps"] },
  commandTyped: true,
  operands: [],
  options: [],
  unknown: [],
  commands: [],
};
const target = { environments: ["dev-3"] };

function refusal(schema: z.ZodType, raw: object, line = commandLine): Failure {
  try {
    schemas.parseOptions(schema, { ...target, ...raw }, line);
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown;
    throw thrown;
  }
  return assert.fail("it was accepted");
}
const accepts = (schema: z.ZodType, raw: object): boolean =>
  schema.safeParse({ ...target, ...raw }).success;

describe("options", () => {
  test("have defaults: a run reloads, in transactions, in color", () => {
    const { reload, transaction, color } = schemas.ApplyOptions.parse(target);
    assert.deepEqual([reload, transaction, color], [true, true, true]);
    assert.equal(schemas.DownOptions.parse(target).transaction, true);
    assert.equal(schemas.RedoOptions.parse(target).reload, true);
  });

  test("that are numbers are typed as digits", () => {
    const stepsOf = (steps: unknown) => schemas.ApplyOptions.parse({ ...target, steps }).steps;
    assert.deepEqual([stepsOf("12"), stepsOf(undefined)], [12, undefined]);
    for (const steps of ["0", "-1", "1.5", "x", "1x", "x1", "", " 1"])
      assert.equal(accepts(schemas.ApplyOptions, { steps }), false, steps);
    assert.equal(schemas.HistoryOptions.parse({ ...target, limit: "5" }).limit, 5);
  });

  for (const [wait, seconds] of [
    ["30s", 30],
    ["30", 30],
    ["1.5m", 90],
    ["2h", 7200],
    ["500ms", 0.5],
    [false, 0],
    [undefined, undefined],
  ] as const)
    test(`have ${String(wait)} as ${String(seconds)} seconds to wait`, () => {
      assert.equal(schemas.ApplyOptions.parse({ ...target, wait }).wait, seconds);
    });

  for (const wait of ["", "s", "1d", "-1s", "1.s", ".5s", "1s x", "x 1s", "1 s"])
    test(`refuse "${wait}" as a time to wait`, () => {
      assert.match(refusal(schemas.ApplyOptions, { wait }).message, /wait: must be a duration/);
    });

  test("name a misspelt rule to allow, the one that was probably meant, and all of them", () => {
    assert.match(
      refusal(schemas.ApplyOptions, { allow: ["mass-change", "drop-dat"] }).message,
      /allow: "drop-dat" is not a rule that can be allowed\. Did you mean "drop-data"\? Possible are column-rewrite, .*mass-change\.$/,
    );
  });

  for (const [databaseUrl, valid] of [
    ["postgres://ada@db/app", true],
    ["postgresql://ada@db/app", true],
    ["mysql://db/app", false],
    ["xpostgres://db/app", false],
    ["postgresx://db/app", false],
    ["db/app", false],
  ] as const)
    test(`${valid ? "take" : "refuse"} the database address ${databaseUrl}`, () => {
      assert.equal(accepts(schemas.TargetOptions, { databaseUrl }), valid);
    });

  for (const [run, valid] of [
    ["019A7e0c-00", true],
    ["019a7e0c_", false],
    ["x019a", false],
    ["019ag", false],
    ["", false],
  ] as const)
    test(`${valid ? "take" : "refuse"} "${run}" as a run's id`, () => {
      assert.equal(accepts(schemas.CancelOptions, { run }), valid);
      assert.equal(accepts(schemas.HistoryOptions, { run }), valid);
    });

  test("choose what to mark as: exactly one of two", () => {
    const marking = { versions: ["1"] };
    assert.equal(accepts(schemas.MarkOptions, { ...marking, applied: true }), true);
    assert.equal(accepts(schemas.MarkOptions, { ...marking, pending: true }), true);
    assert.match(
      refusal(schemas.MarkOptions, marking).message,
      /^Choose --applied or --pending\.$/,
    );
    assert.equal(accepts(schemas.MarkOptions, { ...marking, applied: true, pending: true }), false);
    assert.equal(accepts(schemas.MarkOptions, { versions: [], applied: true }), false);
  });

  for (const [more, valid] of [
    [{ counts: ["2"] }, true],
    [{ to: "1" }, true],
    [{ only: "1" }, true],
    [{ everything: true }, true],
    [{ counts: ["2"], to: "1" }, false],
    [{ counts: ["2"], only: "1" }, false],
    [{ counts: ["2"], everything: true }, false],
  ] as const)
    test(`of a rollback ${valid ? "may" : "must not"} be ${JSON.stringify(more)}`, () => {
      assert.equal(accepts(schemas.DownOptions, more), valid);
      if (!valid) assert.match(refusal(schemas.DownOptions, more).message, /^A count cannot be/);
    });

  test("must name an environment, which must not be empty", () => {
    assert.equal(accepts(schemas.TargetOptions, { environments: [""] }), false);
    assert.equal(accepts(schemas.TargetOptions, { environments: undefined }), false);
    for (const name of ["profile", "region", "function", "config", "migrations"])
      assert.match(
        refusal(schemas.TargetOptions, { [name]: "" }).message,
        /: must not be empty\.$/,
      );
    assert.match(
      refusal(schemas.TargetOptions, { endpointUrl: "x" }).message,
      /must be a URL such/,
    );
  });

  test("accept a bare --yes and one with a name", () => {
    assert.equal(accepts(schemas.TargetOptions, { yes: true }), true);
    assert.equal(accepts(schemas.TargetOptions, { yes: "dev-3" }), true);
    assert.equal(accepts(schemas.TargetOptions, { yes: 1 }), false);
  });
});

describe("options that are refused", () => {
  test("have a line for each problem, and the help of the command", () => {
    const failure = refusal(schemas.DownOptions, { counts: ["0"], profile: "" });
    assert.deepEqual([failure.kind, failure.code], ["usage", "usage"]);
    assert.deepEqual(failure.message.split("\n").sort(), [
      "count: must be at least 1.",
      "profile: must not be empty.",
    ]);
    const helpOf = ({ hints }: Failure) =>
      hints.map((hint) => hint.kind === "command" && hint.argv.slice(1));
    assert.deepEqual(helpOf(failure), [["down", "--help"]]);
    const without = { ...commandLine, command: undefined };
    assert.deepEqual(helpOf(refusal(schemas.ApplyOptions, { steps: "0" }, without)), [
      ["apply", "--help"],
    ]);
  });

  test("state their limits", () => {
    const Limits = z.object({
      int: z.int().optional(),
      number: z.number().optional(),
      least: z.number().min(3).optional(),
      above: z.number().gt(3).optional(),
      most: z.number().max(9).optional(),
      text: z.string().min(2).optional(),
      own: z.string().regex(/x/, "must have an x").optional(),
    });
    const problem = (raw: object): string => refusal(Limits, raw).message;
    assert.equal(problem({ int: "x" }), "int: must be a whole number.");
    assert.equal(problem({ int: 1.5 }), "int: must be a whole number.");
    assert.equal(problem({ number: "x" }), "number: must be a whole number.");
    assert.equal(problem({ least: 1 }), "least: must be at least 3.");
    assert.equal(problem({ above: 1 }), "above: must be at least 4.");
    assert.equal(problem({ most: 10 }), "most: must be at most 9.");
    assert.equal(problem({ text: "" }), "text: must not be empty.");
    assert.equal(problem({ own: "y" }), "own: must have an x.");
    assert.match(problem({ text: 1 }), /^text: .*expected string/);
  });
});

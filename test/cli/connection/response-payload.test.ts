import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { asLines } from "../../../src/cli/connection/aws/response-payload.ts";

const target = { function: "migrate", region: "eu-west-1", url: "https://lambda.example" };
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What becomes of a response that arrives in these chunks, a text for each that is passed on. */
async function linesOf(...chunks: string[]): Promise<string[]> {
  const passed: string[] = [];
  for await (const bytes of asLines(chunks.map(encode), target))
    passed.push(new TextDecoder().decode(bytes));
  return passed;
}

const line = '{"type":"heartbeat"}\n';

describe("the payload of a response", () => {
  const whole: [what: string, chunks: string[], passed: string[]][] = [
    [
      "lines of events pass as they arrive",
      [line, '{"type"', ':"x"}\n'],
      [line, '{"type"', ':"x"}\n'],
    ],
    ["lines behind blanks pass", ["\n ", line], ["\n ", line]],
    [
      "later chunks of lines pass, whatever they begin with",
      [line, "[1]", '"x"'],
      [line, "[1]", '"x"'],
    ],
    ["no chunk is nothing", [], []],
    ["one string is unpacked", [JSON.stringify(line + line)], [line + line]],
    [
      "a string in several chunks is unpacked",
      ['"{\\"type\\"', ':\\"x\\"}\\n"'],
      ['{"type":"x"}\n'],
    ],
    ["a list is unpacked", ['[{"type":"a"},{"type":"b"}]'], ['{"type":"a"}\n{"type":"b"}\n']],
    ["a list under events is unpacked", ['{"events":[{"type":"a"}]}'], ['{"type":"a"}\n']],
    ["blanks before a value do not matter", [' \n{ "events":[{"type":"a"}]}'], ['{"type":"a"}\n']],
    ["an empty list has no lines", ["[]"], [""]],
    ["a text of another kind passes, to be refused as no event", ["not json"], ["not json"]],
    ["events that are no list pass, to be refused as no event", ['{"events":1}'], ['{"events":1}']],
    [
      "another object passes, to be refused as no event",
      ['{"statusCode":200}'],
      ['{"statusCode":200}'],
    ],
  ];
  for (const [what, chunks, passed] of whole)
    test(what, async () => assert.deepEqual(await linesOf(...chunks), passed));

  test("a value of more than 16 MB is not read to its end", async () => {
    const mebibyte = " ".repeat(1024 * 1024);
    let read = 0;
    function* endless(): Generator<Uint8Array> {
      yield encode("[");
      for (;;) {
        read += 1;
        yield encode(mebibyte);
      }
    }
    const reading = asLines(endless(), target).next();
    await assert.rejects(reading, { code: "stream-broken", message: /it is not a list of events/ });
    assert.equal(read, 16);
  });

  test("a value of 16 MB is read", async () => {
    const padded = `[${" ".repeat(16 * 1024 * 1024 - 2)}]`;
    assert.ok((await linesOf(padded)).join("") === "");
  });

  const reports: [report: string, code: string][] = [
    ["Task timed out after 15.00 seconds", "function-timeout"],
    ['"Task timed out after 15.00 seconds"', "function-timeout"],
    ["2026-11-25T22:03:41.000Z 4c6ea1a0 Task timed out after 15.00 seconds\n", "function-timeout"],
    ['{"errorMessage":"boom"}', "function-crashed"],
    ['{ "errorType":"Runtime.ExitError","errorMessage":"boom"}', "function-crashed"],
  ];
  for (const [report, code] of reports)
    test(`a report of the platform is a failure: ${report}`, () =>
      assert.rejects(linesOf(report), { code }));

  const noReports = [
    "one two three Task timed out after 15.00 seconds",
    "Task timed out after 15.00 seconds, it seems",
    "my Task timed out after a while",
  ];
  for (const text of noReports)
    test(`"${text}" is no report of the platform`, async () =>
      assert.deepEqual(await linesOf(text), [text]));

  test("an event that has an error's fields is no report of the platform", async () => {
    const event = '{"errorMessage":"boom","type":"log"}';
    assert.deepEqual(await linesOf(event), [event]);
  });
});

import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { RunEvent } from "../../src/protocol/events.ts";
import { Failure } from "../../src/protocol/failure.ts";
import { decodeEvents, decodeLine, encodeEvent } from "../../src/protocol/ndjson.ts";

const heartbeat: RunEvent = { type: "heartbeat", at: "2026-11-24T10:00:00.000Z" };
const warning: RunEvent = {
  type: "log",
  level: "warning",
  code: "changed-file",
  message: "Größe 🎉: first line\nsecond line",
};

describe("the event stream", () => {
  test("is read the same wherever it is split, even inside a character", async () => {
    const stream = Buffer.from(encodeEvent(warning) + encodeEvent(heartbeat));
    for (let at = 0; at <= stream.length; at += 1) {
      const chunks = [stream.subarray(0, at), stream.subarray(at)];
      assert.deepEqual(await read(chunks), [warning, heartbeat], `split at byte ${at}`);
    }
  });

  test("an event is one line, whatever its texts contain", () => {
    assert.equal(encodeEvent(warning).indexOf("\n"), encodeEvent(warning).length - 1);
  });

  test("blank lines between events, and after the last one, mean nothing", async () => {
    const text = `\n  \n${encodeEvent(heartbeat)}\r\n${encodeEvent(heartbeat)}   `;
    assert.deepEqual(await read([Buffer.from(text)]), [heartbeat, heartbeat]);
  });

  test("events before the end of the stream are delivered as soon as their line is complete", async () => {
    const events: unknown[] = [];
    await assert.rejects(async () => {
      for await (const event of decodeEvents(
        chunksOf([Buffer.from(encodeEvent(heartbeat)), Buffer.from('{"type":"heart')]),
      ))
        events.push(event);
    }, failure("stream-cut"));
    assert.deepEqual(events, [heartbeat]);
  });

  test("a list that is never continued is replaced by the next one of another type", async () => {
    const begun: RunEvent[] = [
      { type: "plan", databases: [], more: true },
      { type: "status", databases: [], more: true },
      { type: "history", runs: [], more: true },
    ];
    const whole: RunEvent[] = [
      { type: "plan", databases: [] },
      { type: "status", databases: [] },
      { type: "history", runs: [] },
    ];
    for (const first of begun)
      for (const next of whole.filter(({ type }) => type !== first.type))
        assert.deepEqual(await read([Buffer.from(encodeEvent(first) + encodeEvent(next))]), [next]);
  });

  test("a stream that ends inside a character is cut", async () => {
    const inside = Buffer.from("ä").subarray(0, 1);
    await assert.rejects(
      read([Buffer.from(encodeEvent(heartbeat)), inside]),
      failure("stream-cut"),
    );
  });

  const notEvents: [what: string, line: string][] = [
    ["text", "Internal Server Error"],
    ["a number", "1"],
    ["null", "null"],
    ["a list", '[{"type":"heartbeat"}]'],
    ["an object without a type", '{"at":"2026-11-24T10:00:00.000Z"}'],
    ["an object whose type is not a text", '{"type":7}'],
  ];
  for (const [what, line] of notEvents) {
    test(`${what} in place of an event breaks the stream, and the line is quoted`, () => {
      assert.throws(
        () => decodeLine(line),
        (thrown) => {
          failure("stream-broken")(thrown);
          return thrown instanceof Failure && thrown.message.includes(line);
        },
      );
    });
  }

  test("of a long line only the beginning is quoted", () => {
    assert.throws(
      () => decodeLine(`<html>${"x".repeat(10_000)}`),
      (thrown) => thrown instanceof Failure && thrown.message.length < 400,
    );
  });

  test("an event of an unknown type is kept as its line", () => {
    const line = '{"type":"from.the.future","when":"2030"}';
    const event = { type: "from.the.future", when: "2030" };
    assert.deepEqual(decodeLine(line), { type: "unknown", line, event });
  });

  test("a known event in another shape breaks the stream, with the reason as its cause", () => {
    assert.throws(
      () => decodeLine('{"type":"heartbeat","at":"yesterday"}'),
      (thrown) =>
        failure("stream-broken")(thrown) &&
        thrown instanceof Failure &&
        thrown.message.includes('"heartbeat"') &&
        thrown.cause instanceof Error,
    );
  });
});

async function read(chunks: readonly Uint8Array[]): Promise<unknown[]> {
  const events: unknown[] = [];
  for await (const event of decodeEvents(chunksOf(chunks))) events.push(event);
  return events;
}

async function* chunksOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

/** Matches a failure of the connection with this code. */
const failure =
  (code: string) =>
  (thrown: unknown): boolean => {
    assert(thrown instanceof Failure);
    assert.deepEqual([thrown.kind, thrown.code], ["unreachable", code]);
    return true;
  };

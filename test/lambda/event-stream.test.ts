import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { describe, test } from "vitest";
import { eventStream } from "../../src/lambda/event-stream.ts";
import { jsonLog } from "../../src/lambda/log.ts";
import { redactor } from "../../src/lambda/secrets/redact.ts";
import type { RunEvent } from "../../src/protocol/events.ts";

const note = (message: string): RunEvent => ({ type: "log", level: "info", code: "x", message });
const finished: RunEvent = { type: "run.finished", applied: 0, notReached: 0, tookMs: 1 };

interface Given {
  /** When what was emitted is written; at once if absent. */
  readonly soon?: (run: () => void) => void;
  readonly highWaterMark?: number;
  readonly drainMs?: number;
  readonly remainingMs?: number;
  /** Takes one write; the next comes after `done`. */
  readonly take?: (line: string, done: (error?: Error) => void) => void;
}

/** A stream with everything around it in the test's hand: reader, time, heartbeat, log. */
function streamed({
  highWaterMark = 1_000_000,
  drainMs = 10_000,
  remainingMs = 900_000,
  soon = (run) => run(),
  take,
}: Given = {}) {
  const lines: string[] = [];
  const logged: string[] = [];
  const beats: { ms: number; beat: () => void; stopped: boolean }[] = [];
  const out = new Writable({
    highWaterMark,
    decodeStrings: false,
    write(line: string, _encoding, done) {
      lines.push(line);
      if (take) take(line, done);
      else done();
    },
  });
  const redact = redactor();
  const log = jsonLog({
    write: (line) => logged.push(line),
    now: () => 0,
    level: "debug",
    redact,
    about: { requestId: "request-1" },
  });
  const stream = eventStream({
    out,
    requestId: "request-1",
    redact,
    log,
    now: () => Date.UTC(2026, 10, 24),
    drainMs,
    remainingMs: () => remainingMs,
    soon,
    every: (ms, beat) => {
      const it = { ms, beat, stopped: false };
      beats.push(it);
      return () => (it.stopped = true);
    },
  });
  const types = (): unknown[] => lines.map((line) => (JSON.parse(line) as { type: string }).type);
  return { stream, out, lines, logged, beats, types, redact };
}

describe("event stream", () => {
  test("each event is one line, sent at once", async () => {
    const { stream, lines } = streamed();
    await stream.emit(note("a\nb"));
    assert.deepEqual(lines, ['{"type":"log","level":"info","code":"x","message":"a\\nb"}\n']);
  });

  test("events that come together are one write, and the end waits for none of them", async () => {
    const turns: (() => void)[] = [];
    const { stream, lines } = streamed({ soon: (run) => turns.push(run) });
    await stream.emit(note("a"));
    await stream.emit(note("b"));
    assert.deepEqual([turns.length, lines.length], [1, 0]);
    turns.pop()?.();
    assert.deepEqual(
      lines.map((text) => text.match(/"message":"."/g)),
      [['"message":"a"', '"message":"b"']],
    );
    await stream.emit(finished);
    await stream.end();
    assert.match(lines[1] ?? "", /run\.finished/);
    turns.pop()?.();
    assert.equal(lines.length, 2);
  });

  test("a heartbeat goes out every 10 s until the stream ends", async () => {
    const { stream, beats, types, lines } = streamed();
    assert.equal(beats[0]?.ms, 10_000);
    beats[0].beat();
    await stream.emit(note("x"));
    beats[0].beat();
    assert.deepEqual(types(), ["heartbeat", "log", "heartbeat"]);
    assert.match(lines[0] ?? "", /"at":"2026-11-24T00:00:00.000Z"/);
    await stream.end();
    assert.equal(beats[0].stopped, true);
  });

  test("nothing follows a closing event: neither another one nor a heartbeat", async () => {
    const { stream, beats, types, logged } = streamed();
    await stream.emit(finished);
    await stream.emit({ ...finished, applied: 1 });
    await stream.emit(note("late"));
    beats[0]?.beat();
    assert.deepEqual(types(), ["run.finished"]);
    assert.equal(stream.closed, true);
    assert.match(logged.join(""), /"late"/);
  });

  test("a reader that is behind slows the run down until it has caught up", async () => {
    const waiting: (() => void)[] = [];
    const { stream } = streamed({ highWaterMark: 1, take: (_line, done) => waiting.push(done) });
    let emitted = false;
    const emitting = stream.emit(note("x")).then(() => (emitted = true));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(emitted, false);
    waiting[0]?.();
    await emitting;
  });

  test("a reader that never reads delays the run once, up to the bound", async () => {
    const { stream, logged, beats, lines } = streamed({
      highWaterMark: 1,
      drainMs: 20,
      take: () => undefined,
    });
    await stream.emit(note("x"));
    await Promise.race([
      stream.emit(note("y")),
      new Promise((_, reject) =>
        setImmediate(() => setImmediate(() => reject(new Error("waited again")))),
      ),
    ]);
    beats[0]?.beat();
    assert.match(logged.join(""), /the client reads events too slowly/);
    assert.equal(lines.length, 1);
    await stream.end();
  });

  test("a reader that never reads gets only a part of the time that the function has left", async () => {
    const given = { highWaterMark: 1, drainMs: 600_000, remainingMs: 80, take: () => undefined };
    const { stream, out } = streamed(given);
    await stream.emit(finished);
    await stream.end();
    assert.equal(out.destroyed, true);
  });

  test("a write that fails is logged, and the run continues", async () => {
    const { stream, logged, out } = streamed({ take: (_line, done) => done(new Error("EPIPE")) });
    await stream.emit(note("x"));
    await stream.emit(note("y"));
    await stream.emit(finished);
    await stream.end();
    assert.equal(out.destroyed, true);
    assert.match(logged.join(""), /the event stream was interrupted; the run continues.*EPIPE/);
    assert.match(logged.join(""), /"y"/);
  });

  test("the output is ended even when nothing was written", async () => {
    const { stream, out } = streamed();
    await stream.end();
    assert.equal(out.writableFinished, true);
  });

  test("a secret is redacted before an event is truncated, so that no part of it remains", async () => {
    const { stream, lines, logged, redact } = streamed();
    redact.learn("top-secret-value");
    await stream.emit(note(`${"x".repeat(15_990)}top-secret-value${"y".repeat(80_000)}`));
    assert.doesNotMatch(lines.join("") + logged.join(""), /top-se/);
  });
});

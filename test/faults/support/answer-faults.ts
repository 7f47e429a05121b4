import type http from "node:http";
import { frame } from "../../support/lambda-stand-in.ts";
import { partsOf } from "./event-frames.ts";
import { ended, read, reset, type Onward } from "./proxy.ts";

/**
 * What can happen to an answer at one of its events. reset: the connection is reset after it · half: part of the way through its frame ·
 * ended: the answer ends after it in good order, without what Lambda closes a stream with · cut: it does part of the way through its
 * frame · held: what follows arrives when the function has ended · silent: nothing follows it, and nothing closes · repeated: the
 * request is passed on once more · passed: nothing. The events of a buffered answer are its lines.
 */
export interface AnswerFault {
  readonly what: "reset" | "half" | "ended" | "cut" | "held" | "silent" | "repeated" | "passed";
  /** From 0; -1: after the head of the answer, before the first event. */
  readonly at: number;
  /** How much of the frame arrives where it is cut; default: half. */
  readonly share?: number;
  /** Called when the event is there, before it is passed on. */
  readonly before?: () => void;
  /** Awaited when it was passed on, before the harm. */
  readonly after?: () => Promise<void>;
}

/** Passes an answer on, with its fault; resolves when the function has ended. */
export async function answerHarmed(
  fault: AnswerFault,
  onward: Onward,
  response: http.ServerResponse,
): Promise<void> {
  const answer = await onward();
  response.writeHead(answer.statusCode ?? 0, headersOf(answer)).flushHeaders();
  const later: Uint8Array[] = [];
  let again: Promise<void> | undefined;
  let index = -1;
  const reached = async (whole: Uint8Array): Promise<void> => {
    fault.before?.();
    const inside = fault.what === "half" || fault.what === "cut";
    await pass(response, inside ? shareOf(whole, fault.share) : whole);
    await fault.after?.();
    if (fault.what === "reset" || fault.what === "half") reset(response);
    if (fault.what === "ended" || fault.what === "cut") response.end();
    if (fault.what === "repeated") again = onward().then(ended);
  };
  if (fault.at === -1) await reached(new Uint8Array());
  for await (const bytes of framesOf(answer)) {
    index += 1;
    if (index === fault.at) await reached(bytes);
    else if (index < fault.at || passesOn(fault)) await pass(response, bytes);
    else if (fault.what === "held") later.push(bytes);
  }
  await pass(response, Buffer.concat(later));
  if (fault.what !== "silent" && !response.writableEnded) response.end();
  await again;
}

/** True if what follows the event arrives, as far as the connection still carries it. */
function passesOn({ what }: AnswerFault): boolean {
  return what !== "held" && what !== "silent";
}

function shareOf(whole: Uint8Array, share = 0.5): Uint8Array {
  return whole.subarray(0, Math.ceil(whole.length * share));
}

/** One part for each event: a frame of a stream, or a line of a buffered answer. */
async function* framesOf(answer: http.IncomingMessage): AsyncGenerator<Uint8Array> {
  if (answer.headers["content-type"] === "application/vnd.amazon.eventstream") {
    for await (const { type, body } of partsOf(answer)) yield frame(type, body);
    return;
  }
  for (const line of (await read(answer)).split(/(?<=\n)/)) yield Buffer.from(line);
}

async function pass(response: http.ServerResponse, bytes: Uint8Array): Promise<void> {
  // A response notices a while after its socket that nobody listens, and then never says what became of a write.
  if (bytes.length === 0 || response.writableEnded || (response.socket?.destroyed ?? true)) return;
  await new Promise<void>((done) => {
    response.once("close", done);
    response.write(bytes, () => {
      response.off("close", done);
      done();
    });
  });
}

/** Without the length: what is cut short in good order must not be recognisable by it. */
function headersOf({ headers }: http.IncomingMessage): http.OutgoingHttpHeaders {
  const ofConnection = ["connection", "keep-alive", "transfer-encoding", "content-length"];
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !ofConnection.includes(name)),
  );
}

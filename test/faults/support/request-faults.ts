import type http from "node:http";
import { ended, reset, type Onward } from "./proxy.ts";

/**
 * What the platform answers, with status 200, in place of a buffered response. crash: the function's process exited · timeout: it
 * was killed at its timeout · plain timeout: the same from the runtime interface emulator, which marks it as a success.
 */
const reports = {
  crash: {
    marked: true,
    body: '{"errorType":"Runtime.ExitError","errorMessage":"RequestId: r Error: Runtime exited with error: exit status 1"}',
  },
  timeout: {
    marked: true,
    body: '{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: r Error: Task timed out after 900.00 seconds"}',
  },
  "plain timeout": {
    marked: false,
    body: "2026-11-24T12:04:11.000Z r Task timed out after 900.00 seconds",
  },
} as const;
type Report = keyof typeof reports;
export const reportNames = ["crash", "timeout", "plain timeout"] as const satisfies Report[];

/**
 * What can happen to a request before its answer begins. dropped: the connection is reset before anything is passed on · lost: it
 * is passed on, and the connection is reset before a byte of the answer · lost at the end: the same, when the function has ended ·
 * swallowed: nothing is passed on, nothing arrives and nothing closes · unanswered: the same, and it is passed on ·
 * a status: a gateway answers with HTML and passes nothing on · a status, late: it answers so, and has passed the request on ·
 * twice: it is passed on a second time when the function has begun to answer, and the second answer arrives · twice at the end: the
 * same, when the function has ended · a report: the platform answers with it at once · a report at the end: it does when the function has ended.
 */
export type RequestFault =
  | "dropped"
  | "lost"
  | "lost at the end"
  | "swallowed"
  | "unanswered"
  | "twice"
  | "twice at the end"
  | Replacement;

/** Those in which the caller gets an answer of somebody else's. */
type Replacement =
  `${429 | 502 | 503 | 504}` | `${502 | 504} late` | Report | `${Report} at the end`;

/** Does to a request what its fault says, and waits for the function if it was passed on. */
export async function requestHarmed(
  fault: RequestFault,
  onward: Onward,
  response: http.ServerResponse,
): Promise<void> {
  switch (fault) {
    case "dropped": {
      reset(response);
      return;
    }
    case "lost": {
      const answer = await onward();
      reset(response);
      return ended(answer);
    }
    case "lost at the end":
      await ended(await onward());
      {
        reset(response);
        return;
      }
    case "swallowed":
      return;
    case "unanswered":
      return ended(await onward());
    case "twice":
    case "twice at the end": {
      const first = ended(await onward());
      if (fault === "twice at the end") await first;
      const { statusCode = 0, headers, ...second } = await answerOf(onward);
      response.writeHead(statusCode, headers).end(second.body);
      return first;
    }
    default:
      return replaced(fault, onward, response);
  }
}

/** A whole answer. */
async function answerOf(onward: Onward) {
  const answer = await onward();
  const { statusCode } = answer;
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  const headers = { "content-type": answer.headers["content-type"] ?? "" };
  return { statusCode, headers, body: Buffer.concat(chunks) };
}

/** Another answer than the function's. */
async function replaced(
  fault: Replacement,
  onward: Onward,
  response: http.ServerResponse,
): Promise<void> {
  const report = Object.entries(reports).find(
    ([name]) => fault === name || fault === `${name} at the end`,
  )?.[1];
  if (report) {
    if (fault.endsWith(" at the end")) await ended(await onward());
    response
      .writeHead(200, report.marked ? { "x-amz-function-error": "Unhandled" } : {})
      .end(report.body);
    return;
  }
  const [status = "", late] = fault.split(" ");
  const answer = late === undefined ? undefined : await onward();
  response
    .writeHead(Number(status), { "content-type": "text/html" })
    .end(`<html><head><title>${status} Gateway</title></head></html>`);
  if (answer) await ended(answer);
}

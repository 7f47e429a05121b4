import * as z from "zod";

/** An error of the function, as Lambda hands it to the caller in place of an answer: JSON text, sent with HTTP status 200. */
export interface FunctionError {
  readonly type: string;
  readonly body: string;
}

const reported = z.object({ errorType: z.string() });

/** What a runtime reported: passed on byte for byte. */
export function reportedError(body: string): FunctionError {
  return { type: typeIn(body) ?? "Unhandled", body };
}

/** The function did not finish in time; seconds have two decimals, as Lambda writes them. */
export function timedOut(requestId: string, timeoutMs: number): FunctionError {
  return made(
    "Sandbox.Timedout",
    `RequestId: ${requestId} Error: Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`,
  );
}

/** How the function's process ended. `outOfMemory`: its heap was full, where a real sandbox is killed. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
  readonly outOfMemory: boolean;
}

/** The process ended while it held an invocation. */
export function exited(requestId: string, end: ProcessEnd): FunctionError {
  return made(
    "Runtime.ExitError",
    `RequestId: ${requestId} Error: Runtime exited ${howItEnded(end)}`,
  );
}

/** The buffered answer was larger than Lambda passes on. */
export function answerTooLarge(largest: number): FunctionError {
  return made(
    "Function.ResponseSizeTooLarge",
    `Response payload size exceeded maximum allowed payload size (${largest} bytes).`,
  );
}

const signalNames: Readonly<Record<string, string>> = {
  SIGKILL: "killed",
  SIGABRT: "aborted",
  SIGTERM: "terminated",
  SIGSEGV: "segmentation fault",
  SIGINT: "interrupt",
};

function howItEnded({ code, signal, outOfMemory }: ProcessEnd): string {
  if (outOfMemory) return "with error: signal: killed";
  if (signal !== null) return `with error: signal: ${signalNames[signal] ?? signal}`;
  return code === 0 ? "without providing a reason" : `with error: exit status ${code ?? 1}`;
}

function made(errorType: string, errorMessage: string): FunctionError {
  return { type: errorType, body: JSON.stringify({ errorType, errorMessage }) };
}

function typeIn(body: string): string | undefined {
  try {
    return reported.safeParse(JSON.parse(body)).data?.errorType;
  } catch {
    return undefined;
  }
}

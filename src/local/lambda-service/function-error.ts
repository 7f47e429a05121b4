import * as z from "zod";
import { parseJson } from "../../protocol/json.ts";

/** An error of the function. Lambda sends `body`, which is JSON text, to the caller with HTTP status 200. */
export interface FunctionError {
  readonly type: string;
  readonly body: string;
}

const reported = z.object({ errorType: z.string() });

/** An error that a runtime reported; the body is passed on unchanged. */
export function reportedError(body: string): FunctionError {
  return { type: errorTypeOf(body) ?? "Unhandled", body };
}

/** The function timed out. The seconds have two decimals, as in Lambda's message. */
export function timedOut(requestId: string, timeoutMs: number): FunctionError {
  return functionError(
    "Sandbox.Timedout",
    `RequestId: ${requestId} Error: Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`,
  );
}

/** How the function's process exited. `outOfMemory`: its heap was full, for which Lambda kills the sandbox. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
  readonly outOfMemory: boolean;
}

/** The process exited during an invocation. */
export function runtimeExited(requestId: string, exit: ProcessExit): FunctionError {
  return functionError(
    "Runtime.ExitError",
    `RequestId: ${requestId} Error: Runtime exited ${exitText(exit)}`,
  );
}

/** The response is larger than Lambda's limit. */
export function responseTooLarge(maxBytes: number): FunctionError {
  return functionError(
    "Function.ResponseSizeTooLarge",
    `Response payload size exceeded maximum allowed payload size (${maxBytes} bytes).`,
  );
}

const signalNames: Readonly<Record<string, string>> = {
  SIGKILL: "killed",
  SIGABRT: "aborted",
  SIGTERM: "terminated",
  SIGSEGV: "segmentation fault",
  SIGINT: "interrupt",
};

function exitText({ code, signal, outOfMemory }: ProcessExit): string {
  if (outOfMemory) return "with error: signal: killed";
  if (signal !== null) return `with error: signal: ${signalNames[signal] ?? signal}`;
  return code === 0 ? "without providing a reason" : `with error: exit status ${code ?? 1}`;
}

function functionError(errorType: string, errorMessage: string): FunctionError {
  return { type: errorType, body: JSON.stringify({ errorType, errorMessage }) };
}

function errorTypeOf(body: string): string | undefined {
  return reported.safeParse(parseJson(body)).data?.errorType;
}

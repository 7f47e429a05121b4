import type { FailureCode } from "../../../protocol/failure-codes.ts";
import * as z from "zod";
import { Failure } from "../../../protocol/failure.ts";
import type { InvokeErrorContext } from "./invoke-errors.ts";
import { isLoopback } from "./identity.ts";

const Details = z.object({ errorType: z.string().optional(), errorMessage: z.string().optional() });

/**
 * A function that ended without answering, from Lambda's words for it. `text` is its JSON, or plain. What can only be looked at or
 * changed in AWS is no hint where the service stands on this machine.
 */
export function functionFailure(
  errorCode: string,
  text: string,
  context: InvokeErrorContext,
): Failure {
  const { type, message } = detailsOf(errorCode, text);
  const cause = new Error(
    type === undefined || message.startsWith(type) ? message : `${type}: ${message}`,
  );
  const here = isLoopback(context.url);
  const failed = (code: FailureCode, sentence: string, hint: string): Failure =>
    new Failure("unreachable", code, sentence, {
      hints: !here ? [hint, logHint(context)] : code === "function-broken" ? [hint] : [],
      cause,
    });
  const all = `${errorCode} ${type ?? ""} ${message}`;
  const timeout =
    /Task timed out after ([\d.]+) seconds/.exec(all) ??
    (/Sandbox\.Timedout/i.test(all) ? [] : undefined);
  if (timeout) {
    const after = timeout[1] === undefined ? "" : ` after ${Number(timeout[1])} s`;
    return failed(
      "function-timeout",
      `The function ${context.function} was stopped${after}: its time-out.`,
      "Raise the function's time-out (900 s is the most).",
    );
  }
  if (/OutOfMemory|out of memory/i.test(all)) {
    return failed(
      "function-out-of-memory",
      `The function ${context.function} ran out of memory.`,
      "Raise the function's memory.",
    );
  }
  if (/signal: killed/.test(all)) {
    const hint = "On Lambda that is mostly the memory: raise the function's.";
    return failed("function-killed", `The function ${context.function} was killed.`, hint);
  }
  if (
    /ImportModuleError|HandlerNotFound|MalformedHandlerName|UserCodeSyntaxError|InvalidEntrypoint/.test(
      all,
    )
  ) {
    return failed(
      "function-broken",
      `The function ${context.function} cannot start.`,
      "Look at the image's handler: it must be index.runMigrations.",
    );
  }
  if (/ExitError|ExitCode|UnhandledPromiseRejection/.test(all)) {
    return failed(
      "function-crashed",
      `The function ${context.function} crashed.`,
      "hasura-migrate status <environment> tells what was applied.",
    );
  }
  return failed(
    "function-crashed",
    `The function ${context.function} failed.`,
    "hasura-migrate status <environment> tells what was applied.",
  );
}

function detailsOf(errorCode: string, text: string): { type: string | undefined; message: string } {
  try {
    const details = Details.parse(JSON.parse(text));
    return { type: details.errorType, message: details.errorMessage ?? text };
  } catch {
    return { type: undefined, message: text || errorCode };
  }
}

function logHint({ function: name, region, profile }: InvokeErrorContext): string {
  const plain = name.replace(/^arn:.*:function:/, "").replace(/:[^:]*$/, "");
  return `aws logs tail /aws/lambda/${plain} --region ${region}${profile === undefined ? "" : ` --profile ${profile}`}`;
}

import * as z from "zod";
import type { FailureCode } from "../../../protocol/failure-codes/index.ts";
import { Failure } from "../../../protocol/failure.ts";
import { commandHint, textHint, type Hint } from "../../../protocol/hint.ts";
import { parseJson } from "../../../protocol/json.ts";
import { functionReference } from "../../config/parse-function-name.ts";
import { isLoopback } from "../loopback.ts";
import type { InvocationTarget } from "./invoke-errors.ts";

const Details = z.object({ errorType: z.string().optional(), errorMessage: z.string().optional() });

/** How a function ended, according to Lambda. */
interface Ending {
  readonly code: FailureCode;
  /** Completes "The function NAME …". */
  readonly what: string;
  readonly remedy?: string;
  /** The remedy also applies to a service on this machine. */
  readonly anywhere?: boolean;
}

/**
 * A function that ended without a response, from Lambda's report: `text` is its JSON, or plain text. Remedies that only exist in
 * AWS are left out where the service runs on this machine.
 */
export function functionFailure(
  errorCode: string,
  text: string,
  target: InvocationTarget,
): Failure {
  const { type, message } = detailsOf(errorCode, text);
  const ending = endingOf(`${errorCode} ${type ?? ""} ${message}`);
  const inAws = !isLoopback(target.url);
  const hints: Hint[] = [
    ...(ending.remedy !== undefined && (inAws || ending.anywhere) ? [textHint(ending.remedy)] : []),
    ...(inAws ? [logHint(target)] : []),
  ];
  const cause = type === undefined || message.startsWith(type) ? message : `${type}: ${message}`;
  const sentence = `The function ${target.function} ${ending.what}.`;
  return new Failure("unreachable", ending.code, sentence, { hints, cause: new Error(cause) });
}

/** Lambda reports timeouts and kills only as text. */
function endingOf(report: string): Ending {
  const seconds = /Task timed out after ([\d.]+) seconds/.exec(report)?.[1];
  if (seconds !== undefined || /Sandbox\.Timedout/i.test(report)) {
    const after = seconds === undefined ? "" : ` after ${Number(seconds)} s`;
    return {
      code: "function-timeout",
      what: `timed out${after}`,
      remedy: "Raise the function's timeout (at most 15 minutes).",
    };
  }
  if (/OutOfMemory|out of memory/i.test(report))
    return {
      code: "function-out-of-memory",
      what: "ran out of memory",
      remedy: "Raise the function's memory.",
    };
  if (/signal: killed/.test(report))
    return {
      code: "function-killed",
      what: "was killed",
      remedy: "On Lambda the usual cause is memory: raise the function's.",
    };
  if (
    /ImportModuleError|HandlerNotFound|MalformedHandlerName|UserCodeSyntaxError|InvalidEntrypoint/.test(
      report,
    )
  )
    return {
      code: "function-broken",
      what: "cannot start",
      remedy: "Check the image's handler: it must be index.runMigrations.",
      anywhere: true,
    };
  return { code: "function-crashed", what: "crashed" };
}

function detailsOf(errorCode: string, text: string): { type: string | undefined; message: string } {
  const details = Details.safeParse(parseJson(text)).data;
  return details === undefined
    ? { type: undefined, message: text || errorCode }
    : { type: details.errorType, message: details.errorMessage ?? text };
}

function logHint(target: InvocationTarget): Hint {
  return readLogHint(`/aws/lambda/${functionReference(target.function).name}`, target);
}

/** The command that prints a log group; `only` narrows it. */
export function readLogHint(
  group: string,
  { region, profile }: Pick<InvocationTarget, "region" | "profile">,
  only: readonly string[] = [],
): Hint {
  const as = profile === undefined ? [] : ["--profile", profile];
  return commandHint(
    ["aws", "logs", "tail", group, ...only, "--region", region, ...as],
    "read its log",
  );
}

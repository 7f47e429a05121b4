import type { FailureCode } from "../../protocol/failure-codes.ts";
import * as z from "zod";
import { isAccessDenied } from "../../engine/hasura/errors.ts";
import { HasuraCallError } from "../../engine/hasura/client.ts";
import { isOutcomeUnknown } from "../../engine/hasura/sql-errors.ts";
import { Failure } from "../../protocol/failure.ts";
import { contentOf, SqlAnswer } from "../hasura/hasura-answers.ts";
import { reasonOf, type CliLine } from "./output.ts";
import type { BinaryResult } from "./run-binary.ts";

/** How a command ended and what it said, without secrets: texts are cut here, and half a secret could not be found any more. */
export interface CliOutput extends Pick<BinaryResult, "code" | "signal" | "stopped"> {
  readonly lines: readonly CliLine[];
}

/**
 * What the end of a process says of the migration it was to run, before anybody has looked.
 * done: it says so · skipped: it was so already · failed: nothing has taken effect · unknown: it may have.
 */
export type CliOutcome =
  | { readonly outcome: "done" }
  | { readonly outcome: "skipped"; readonly reason: string }
  | { readonly outcome: "failed" | "unknown"; readonly error: unknown };

const ErrorBody = z.object({ error: z.string(), code: z.string() });

/**
 * Reads exit code and output (docs/internals/hasura-protocol.md, "Messages"). What it does not know
 * leaves the outcome open.
 */
export function classifyOutput(ended: CliOutput): CliOutcome {
  if (ended.stopped) return { outcome: "unknown", error: outOfTime() };
  if (ended.code === 0) return { outcome: "done" };
  const reason = reasonOf(ended.lines);
  if (ended.code !== 1) return { outcome: "unknown", error: crashed(ended, reason) };
  if (/^Version already applied in database/.test(reason))
    return { outcome: "skipped", reason: "already applied" };
  if (/^Migration not applied in database/.test(reason))
    return { outcome: "skipped", reason: "already rolled back" };
  const refusal = refusalIn(reason);
  if (refusal) return { outcome: isOutcomeUnknown(refusal) ? "unknown" : "failed", error: refusal };
  const known = knownFailure(reason);
  return known
    ? { outcome: "failed", error: known }
    : { outcome: "unknown", error: unclear(reason) };
}

/** True where Hasura refused the secret: nothing has run, since its first request with it was refused. */
export function isSecretRefused(verdict: CliOutcome): boolean {
  return (
    verdict.outcome === "failed" &&
    verdict.error instanceof HasuraCallError &&
    isAccessDenied(verdict.error)
  );
}

/** Hasura's own error body, which the CLI prints without the status it came with. */
function refusalIn(reason: string): HasuraCallError | undefined {
  const start = reason.indexOf("{");
  const text = start === -1 ? "" : reason.slice(start);
  const body = ErrorBody.safeParse(parsed(text)).data;
  if (!body) return undefined;
  // Trouble with the connection comes with 500, a statement that was refused with 400 (docs/internals/hasura-protocol.md, "Errors").
  const status = body.error === "connection error" ? 500 : 400;
  try {
    contentOf({ status, text, location: undefined, cut: false }, SqlAnswer);
  } catch (error) {
    if (error instanceof HasuraCallError) return error;
    throw error;
  }
  return undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Said of its own files; in a page or a body the same words are somebody else's. */
const ofFiles =
  /(up|down) migration not found|found duplicate migrations|no such file or directory|no space left|read-only file system|permission denied/;

/** Failures of which it is certain that no migration was sent. */
function knownFailure(reason: string): Failure | HasuraCallError | undefined {
  const cause = new Error(shortened(reason));
  if (/x509:|certificate/i.test(reason) && /making http request failed|tls:/i.test(reason))
    return untrusted(cause);
  if (/^(making http request failed|connecting to graphql-engine server failed)/.test(reason)) {
    return new HasuraCallError("not-sent", shortened(reason));
  }
  if (/^unknown (flag|command|shorthand)/.test(reason)) {
    return refused(
      "cli-too-old",
      `The official CLI in the image does not know what it was asked: ${reason}.`,
      cause,
    );
  }
  if (/^Migration mode is disabled/.test(reason)) {
    return refused(
      "migration-mode-disabled",
      "Migrations are switched off in this Hasura (its setting migration_mode).",
      cause,
    );
  }
  if (
    /^(database not found|error validating flags|config v[123] |--database-name|preparing execution context failed|validating)/.test(
      reason,
    )
  ) {
    return refused("cli-refused", `The official CLI refused: ${shortened(reason)}`, cause);
  }
  if (ofFiles.test(reason) && !/[{<]/.test(reason)) {
    return refused(
      "cli-files",
      `The official CLI could not use its copy of the project: ${shortened(reason)}`,
      cause,
    );
  }
  return undefined;
}

function refused(code: FailureCode, message: string, cause: Error): Failure {
  return new Failure("usage", code, message, { cause });
}

function untrusted(cause: Error): Failure {
  return new Failure(
    "unreachable",
    "tls-unknown-authority",
    "The official CLI does not trust the certificate that Hasura presents.",
    {
      hints: [
        "put the authority's certificate as a PEM file into docker/certificates/ and build the image again: the CLI reads the system's store",
        "or name a PEM file in the function's NODE_EXTRA_CA_CERTS, which is handed on to it",
      ],
      cause,
    },
  );
}

function outOfTime(): Failure {
  return new Failure(
    "unreachable",
    "cli-out-of-time",
    "the function's time was nearly over, so the official CLI was ended before it was done",
  );
}

function crashed({ code, signal }: CliOutput, reason: string): Failure {
  const how = signal === null ? `exit code ${String(code)}` : signal;
  return new Failure("unreachable", "cli-crashed", `the official CLI crashed (${how})`, {
    cause: new Error(shortened(reason)),
  });
}

function unclear(reason: string): Failure {
  const said = reason === "" ? "without a word" : `with "${shortened(reason, 200)}"`;
  return new Failure("unreachable", "cli-failed", `the official CLI ended ${said}`, {
    cause: new Error(shortened(reason)),
  });
}

function shortened(text: string, most = 2000): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= most ? line : `${line.slice(0, most)} …`;
}

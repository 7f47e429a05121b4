import { cleanText } from "../../clean-text.ts";
import * as z from "zod";
import { isAccessDenied } from "../../engine/hasura/errors.ts";
import { HasuraCallError } from "../../engine/hasura/client.ts";
import { isOutcomeUnknown } from "../../engine/hasura/sql-errors.ts";
import type { FailureCode } from "../../protocol/failure-codes/index.ts";
import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import { parseJson } from "../../protocol/json.ts";
import { contentOf, SqlAnswer } from "../hasura/hasura-answers.ts";
import { reasonOf, type CliLine } from "./output.ts";
import type { BinaryResult } from "./run-binary.ts";

/** How a command ended, and its output without secrets: they must be removed before texts are truncated. */
export interface CliOutput extends Pick<BinaryResult, "code" | "signal" | "stopped"> {
  readonly lines: readonly CliLine[];
}

/**
 * The outcome of a migration by the CLI's own account, before the record is read back.
 * done: reported as done · skipped: it was done already · failed: nothing has taken effect · unknown: it may have taken effect.
 */
export type CliOutcome =
  | { readonly outcome: "done" }
  | { readonly outcome: "skipped"; readonly reason: string }
  | { readonly outcome: "failed" | "unknown"; readonly error: unknown };

const ErrorBody = z.object({ error: z.string(), code: z.string() });

/**
 * Derives the outcome from exit code and output (docs/internals/hasura-protocol.md, "Messages"). Unexpected output means
 * unknown. `mask` hides what the migration keeps secret in texts that repeat the CLI's own; Hasura's error is passed on as it is.
 */
export function classifyOutput(
  ended: CliOutput,
  mask: (text: string) => string = (text) => text,
): CliOutcome {
  if (ended.stopped) return { outcome: "unknown", error: outOfTime() };
  if (ended.code === 0) return { outcome: "done" };
  const reason = reasonOf(ended.lines);
  const shown = mask(reason);
  if (ended.code !== 1) return { outcome: "unknown", error: crashed(ended, shown) };
  if (/^Version already applied in database/.test(reason))
    return { outcome: "skipped", reason: "already applied" };
  if (/^Migration not applied in database/.test(reason))
    return { outcome: "skipped", reason: "already rolled back" };
  const refusal = refusalIn(reason);
  if (refusal) return { outcome: isOutcomeUnknown(refusal) ? "unknown" : "failed", error: refusal };
  const known = knownFailure(reason, shown);
  return known
    ? { outcome: "failed", error: known }
    : { outcome: "unknown", error: unrecognised(shown) };
}

/** True if Hasura refused the secret: nothing has run, because the first request was refused. */
export function isSecretRefused(result: CliOutcome): boolean {
  return (
    result.outcome === "failed" &&
    result.error instanceof HasuraCallError &&
    isAccessDenied(result.error)
  );
}

/** The CLI's output is redacted line by line when it is read. */
const alreadyRedacted = (text: string): string => text;

/** Hasura's own error body, which the CLI prints without the HTTP status. */
function refusalIn(reason: string): HasuraCallError | undefined {
  const start = reason.indexOf("{");
  const text = start === -1 ? "" : reason.slice(start);
  const body = ErrorBody.safeParse(parseJson(text)).data;
  if (!body) return undefined;
  const status = statusOf(body);
  try {
    contentOf({ status, text, location: undefined, cut: false }, SqlAnswer, alreadyRedacted);
  } catch (error) {
    if (error instanceof HasuraCallError) return error;
    throw error;
  }
  return undefined;
}

/** The HTTP status of a body (docs/internals/hasura-protocol.md, "Errors"; docs/internals/hasura-metadata.md, "Errors"). */
function statusOf({ error, code }: z.infer<typeof ErrorBody>): number {
  if (code === "conflict") return 409;
  // A connection error, unlike a refused statement.
  return error === "connection error" ? 500 : 400;
}

/** About the CLI's own files, unless it is part of a page or body that something else sent. */
const ofFiles =
  /(up|down) migration not found|found duplicate migrations|no such file or directory|no space left|read-only file system|permission denied/;

/** Failures after which it is certain that no migration was sent. `shown`: the reason as it may be shown. */
function knownFailure(reason: string, shown: string): Failure | HasuraCallError | undefined {
  const cause = new Error(shortened(shown));
  if (/x509:|certificate/i.test(reason) && /making http request failed|tls:/i.test(reason))
    return untrusted(cause);
  if (/^(making http request failed|connecting to graphql-engine server failed)/.test(reason)) {
    return new HasuraCallError("not-sent", shortened(shown));
  }
  if (/^unknown (flag|command|shorthand)/.test(reason)) {
    return refused("cli-too-old", `The official CLI in the image is too old: ${shown}.`, cause);
  }
  if (/^Migration mode is disabled/.test(reason)) {
    return refused(
      "migration-mode-disabled",
      "Migrations are disabled on this Hasura server (its setting migration_mode).",
      cause,
    );
  }
  if (
    /^(database not found|error validating flags|config v[123] |--database-name|preparing execution context failed|validating)/.test(
      reason,
    )
  ) {
    return refused("cli-refused", `The official CLI refused: ${shortened(shown)}`, cause);
  }
  if (ofFiles.test(reason) && !/[{<]/.test(reason)) {
    return refused(
      "cli-files",
      `The official CLI could not use its copy of the project: ${shortened(shown)}`,
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
        textHint(
          "Put the authority's certificate (PEM) into docker/certificates/ and rebuild the image: the CLI uses the system's certificates.",
        ),
        textHint(
          "Or set the function's NODE_EXTRA_CA_CERTS to a PEM file, which the CLI uses as well.",
        ),
      ],
      cause,
    },
  );
}

function outOfTime(): Failure {
  return new Failure(
    "unreachable",
    "cli-out-of-time",
    "the function's time was almost up, so the official CLI was killed before it finished",
  );
}

function crashed({ code, signal }: CliOutput, reason: string): Failure {
  const how = signal === null ? `exit code ${String(code)}` : signal;
  return new Failure("unreachable", "cli-crashed", `the official CLI crashed (${how})`, {
    cause: new Error(shortened(reason)),
  });
}

function unrecognised(reason: string): Failure {
  const output = reason === "" ? "without output" : `with "${shortened(reason, 200)}"`;
  return new Failure("unreachable", "cli-failed", `the official CLI failed ${output}`, {
    cause: new Error(shortened(reason)),
  });
}

function shortened(text: string, most = 2000): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= most ? line : `${cleanText(line, most)} …`;
}

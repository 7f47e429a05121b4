import { Failure } from "../../protocol/failure.ts";
import { retryHint, textHint } from "../../protocol/hint.ts";
import { errorCode } from "../../system-error.ts";

const lastLines = (text: string): string => text.trim().split("\n").slice(-6).join("\n");

const ownDatabase = retryHint({
  with: ["--database-url", "postgres://…"],
  reason: "or use your own database",
});

/**
 * Why one of the server's programs failed, from its output. The kind is always usage: nothing was sent to a database yet.
 * @param cause used as the failure's cause when the program printed nothing
 */
export function serverFailure(
  program: string,
  home: string,
  output: string,
  cause: unknown,
): Failure {
  const reason = output.trim() === "" ? cause : new Error(lastLines(output), { cause });
  const diskFull = /No space left on device|Disk quota exceeded/i.test(output);
  if (diskFull || errorCode(cause) === "ENOSPC") {
    return new Failure(
      "usage",
      "disk-full",
      `There is no space left for the embedded database in ${home}.`,
      { hints: [textHint("Free about 100 MB."), ownDatabase], cause: reason },
    );
  }
  if (/Permission denied|Read-only file system/i.test(output)) return notWritable(home, reason);
  return new Failure(
    "usage",
    "embedded-postgres-failed",
    `The embedded database did not start: ${program} failed.`,
    { hints: [ownDatabase], cause: reason },
  );
}

/** The server's user cannot write to the directory. */
export function notWritable(home: string, cause: unknown): Failure {
  return new Failure(
    "usage",
    "directory-not-writable",
    `The embedded database cannot be stored in ${home}: the directory is not writable.`,
    {
      hints: [textHint("Run it in a copy of the project that you can write to."), ownDatabase],
      cause,
    },
  );
}

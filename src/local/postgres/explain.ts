import { Failure } from "../../protocol/failure.ts";
import { isCode } from "./file-lock.ts";

const lastLines = (text: string): string => text.trim().split("\n").slice(-6).join("\n");

/** Why a program of the server ended, from what it printed. Always a Failure of kind usage: nothing reached a server yet. */
export function serverFailure(
  program: string,
  home: string,
  output: string,
  cause: unknown,
): Failure {
  const said = output.trim() === "" ? cause : new Error(lastLines(output), { cause });
  if (/No space left on device|Disk quota exceeded/i.test(output) || isCode(cause, "ENOSPC")) {
    return new Failure(
      "usage",
      "disk-full",
      `There is no room left for the embedded database in ${home}.`,
      {
        hints: [
          "free about 100 MB",
          "or use a database of your own: hasura-migrate local --database-url postgres://…",
        ],
        cause: said,
      },
    );
  }
  if (/Permission denied|Read-only file system/i.test(output)) return notWritable(home, said);
  return new Failure(
    "usage",
    "embedded-postgres-failed",
    `The embedded database did not start: ${program} failed.`,
    {
      hints: ["use a database of your own: hasura-migrate local --database-url postgres://…"],
      cause: said,
    },
  );
}

/** The directory cannot be written to by whoever has to. */
export function notWritable(home: string, cause: unknown): Failure {
  return new Failure(
    "usage",
    "directory-not-writable",
    `The embedded database cannot be kept in ${home}: it cannot be written to.`,
    {
      hints: [
        "run it in a copy of the project that you may write to, or use a database of your own: hasura-migrate local --database-url postgres://…",
      ],
      cause,
    },
  );
}

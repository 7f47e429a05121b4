import { Failure } from "../../protocol/failure.ts";
import { retryHint, runHint, textHint } from "../../protocol/hint.ts";
import type { Busy, BusyRun } from "./read-report.ts";

/** Where nothing was rehearsed. */
interface Where {
  readonly database: string;
  readonly environment: string;
}

/** `busy/busy`: nothing was rehearsed in a database. */
export function busyFailure(busy: Busy, { database, environment }: Where): Failure {
  const hints = [retryHint({ reason: "once it has ended" })];
  const failure = (who: string, more = hints): Failure =>
    new Failure("busy", "busy", `${who}; nothing was rehearsed there.`, { hints: more });
  switch (busy) {
    case "migration":
      return failure(`A migration is running in ${database}`);
    case "rehearsal":
      return failure(`Another rehearsal is running in ${database}; it ends within 60 s`);
    case "strings":
      return failure(`A rehearsal in ${database} needs standard_conforming_strings = on`, [
        textHint(
          "Reset the setting for the database and for Hasura's database user: PostgreSQL has it on by default.",
        ),
      ]);
    default:
      return failure(`${describeRun(busy)} is in progress in ${database}`, [
        runHint(["history", environment], "see what it is doing"),
        ...hints,
      ]);
  }
}

function describeRun({ run, operation, user, host, ciJob, ms }: BusyRun): string {
  const seconds = String(Math.max(0, Math.round(ms / 1000)));
  return `${user}'s run ${run.slice(0, 13)} (${ciJob ?? `${operation} from ${host}`}), started ${seconds} s ago,`;
}

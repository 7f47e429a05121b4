import { Failure } from "../../protocol/failure.ts";
import { retryHint } from "../../protocol/hint.ts";
import type { CommandLine } from "./command-line.ts";

/** Throws a usage failure for options that have no effect on the environment; its hint is the command without them. */
export function checkTargetOptions(environment: string, { options }: CommandLine): void {
  const isLocal = environment === "local";
  const without = isLocal ? "aws" : "local";
  const typed = options.filter(({ option }) => option.scope === without);
  const ignored = [...new Set(typed.map(({ option }) => option.long ?? option.flags))];
  if (ignored.length === 0) return;
  const verb = ignored.length === 1 ? "has" : "have";
  const why = isLocal
    ? "the embedded environment runs on this machine"
    : "its function has its own database and migrations";
  throw new Failure(
    "usage",
    "option-ignored",
    `${ignored.join(" and ")} ${verb} no effect on ${environment}: ${why}.`,
    { hints: [retryHint({ without: ignored })] },
  );
}

import { Failure } from "../../protocol/failure.ts";
import type { TargetOptions } from "./schemas.ts";
import { sameCommand } from "../output/hints.ts";

/** Options that lead to a function in AWS. */
const aboutAws = {
  profile: "--profile",
  region: "--region",
  function: "--function",
  endpointUrl: "--endpoint-url",
} as const;
/** Options of the embedded environment. */
const aboutLocal = { databaseUrl: "--database-url", migrations: "--migrations" } as const;

/** Throws a usage failure for options that the environment would silently ignore; its hint is the command without them. */
export function checkTargetOptions(
  environment: string,
  intent: TargetOptions,
  argv: readonly string[],
): void {
  const isLocal = environment === "local";
  const ignored = isLocal ? given(aboutAws, intent) : given(aboutLocal, intent);
  if (ignored.length === 0) return;
  const verb = ignored.length === 1 ? "does" : "do";
  const why = isLocal
    ? "the embedded environment runs on this machine"
    : "the database and the files are its function's";
  throw new Failure(
    "usage",
    "option-ignored",
    `${ignored.join(" and ")} ${verb} not go with ${environment}: ${why}.`,
    {
      hints: [sameCommand(argv, { without: ignored })],
    },
  );
}

function given<K extends keyof TargetOptions>(
  names: Readonly<Record<K, string>>,
  intent: TargetOptions,
): string[] {
  return (Object.keys(names) as K[])
    .filter((name) => intent[name] !== undefined)
    .map((name) => names[name]);
}

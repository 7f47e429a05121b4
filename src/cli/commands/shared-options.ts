import type { Command } from "commander";

/** Declares what only the environment `local` takes, for every operation that can be asked of it. */
export function localOptions(command: Command): Command {
  return command
    .optionsGroup("Options for the environment local:")
    .option("--database-url <url>", "a database of your own instead of the embedded one")
    .option("--migrations <directory>", "a Hasura project, or its migrations directory")
    .optionsGroup("Options:");
}

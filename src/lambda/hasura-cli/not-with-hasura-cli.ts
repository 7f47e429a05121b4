import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";

/** `what` begins a sentence about what is not available. */
export function notWithHasuraCli(what: string): Failure {
  return new Failure(
    "usage",
    "not-with-hasura-cli",
    `${what.charAt(0).toUpperCase()}${what.slice(1)} is not available with the engine hasura-cli.`,
    {
      hints: [
        textHint("Set HASURA_MIGRATE_ENGINE=native in the function's environment, or omit it."),
      ],
    },
  );
}

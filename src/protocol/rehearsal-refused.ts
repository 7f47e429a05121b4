import { Failure } from "./failure.ts";
import { runHint, textHint } from "./hint.ts";

/**
 * `usage/rehearsal-refused`, for a protected environment. The function checks its own setting, and the CLI the configuration, which
 * may protect an environment whose function does not.
 */
export function rehearsalRefused(environment: string): Failure {
  return new Failure(
    "usage",
    "rehearsal-refused",
    `${environment} is protected: migrations are not rehearsed there, because a rehearsal takes their locks.`,
    {
      hints: [
        runHint(["plan", environment], "to see what would run, and what it locks"),
        textHint("Rehearse in an environment with similar data that is not protected."),
      ],
    },
  );
}

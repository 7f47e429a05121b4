import { Failure } from "./failure.ts";
import { retryHint, textHint } from "./hint.ts";

/** For an environment that runs only the migrations in its image. The CLI and the function both check this. */
export function uploadsNotAllowed(environment: string, isProtected: boolean): Failure {
  const needed = isProtected ? "image,upload,upload-when-protected" : "image,upload";
  const why = isProtected ? `${environment} is protected and does` : `${environment} does`;
  return new Failure(
    "usage",
    "uploads-not-allowed",
    `${why} not accept uploaded migrations; nothing was run.`,
    {
      hints: [
        retryHint({
          without: ["--from"],
          with: ["--image"],
          reason: "to use the migrations in its image",
        }),
        textHint(
          `To allow uploads, set HASURA_MIGRATE_SOURCES=${needed} in the function's environment.`,
        ),
      ],
    },
  );
}

import type { FailureCodeEntries } from "./entry.ts";

/** Codes of failures that concern the `hasura-cli` engine. */
export const hasuraCliCodes = {
  "cli-crashed": {
    kinds: ["unreachable"],
    meaning: "The Hasura CLI in the image crashed or was killed while it ran a migration.",
    causes: ["The function ran out of memory.", "This migration triggers a bug in the CLI."],
    remedies: [
      "Follow the hints of the failure: check the database, then record the outcome with `hasura-migrate mark`.",
      "Raise the function's memory.",
    ],
  },
  "cli-failed": {
    kinds: ["unreachable"],
    meaning:
      "The Hasura CLI ended with an error that does not show whether the migration took effect.",
    causes: ["Hasura or a gateway failed in the middle of the request."],
    remedies: [
      "Check in the database whether the migration took effect.",
      "Record the outcome: `hasura-migrate mark ENVIRONMENT VERSION --applied` or `--pending`.",
    ],
  },
  "cli-files": {
    kinds: ["usage"],
    meaning: "The Hasura CLI could not use the copy of the project that was prepared for it.",
    causes: ["A file or directory of the project has a name or content that the CLI refuses."],
    remedies: [
      "Correct the file that the message names, then build and deploy the image again.",
      "Or use the native engine: set `HASURA_MIGRATE_ENGINE=native`.",
    ],
  },
  "cli-out-of-time": {
    kinds: ["unreachable"],
    meaning:
      "The Hasura CLI was stopped because the function was about to time out; the migration's outcome is unknown.",
    causes: ["The migration takes longer than the function's timeout allows."],
    remedies: [
      "Check whether the migration is still running (`SELECT pid, state, query FROM pg_stat_activity`, with `hasura-migrate sql` or another client) and whether it took effect (`hasura-migrate status ENVIRONMENT`), then record the outcome with `hasura-migrate mark`.",
      "Raise the function's timeout (at most 15 minutes), or split the migration.",
    ],
  },
  "cli-refused": {
    kinds: ["usage"],
    meaning: "The Hasura CLI refused its arguments or the project before it sent anything.",
    causes: [
      "The project's config version does not fit the Hasura server.",
      "The requested database is not connected.",
    ],
    remedies: [
      "Read the CLI's own message, which is part of the failure, and correct the project.",
      "Or use the native engine: set `HASURA_MIGRATE_ENGINE=native`.",
    ],
  },
  "cli-too-old": {
    kinds: ["usage"],
    meaning: "The Hasura CLI in the image does not support an option that is needed.",
    causes: ["The image was built with an old `HASURA_CLI_VERSION`."],
    remedies: [
      "Build the image with a newer CLI: `--build-arg HASURA_CLI_VERSION=v2.48.1 --build-arg HASURA_CLI_SHA256=…`, and deploy it.",
    ],
  },
  "engine-not-available": {
    kinds: ["usage"],
    meaning:
      "The function is set to use the Hasura CLI, but the image has none that can be started.",
    causes: [
      "The image was built without `HASURA_CLI_VERSION`.",
      "The CLI was built for a different architecture from the function's.",
    ],
    remedies: [
      "Build the image with `--build-arg HASURA_CLI_VERSION=v2.48.1 --build-arg HASURA_CLI_SHA256=…` for the function's architecture, and deploy it.",
      "Or set `HASURA_MIGRATE_ENGINE=native`.",
    ],
  },
  "not-with-hasura-cli": {
    kinds: ["usage"],
    meaning:
      "An operation or option that needs the ledger or Hasura's own API, such as `history`, `cancel` or `metadata restore`, is not available if the Hasura CLI runs the migrations.",
    causes: ["The function is set to `HASURA_MIGRATE_ENGINE=hasura-cli`, which keeps no ledger."],
    remedies: ["Set `HASURA_MIGRATE_ENGINE=native`, or remove the variable."],
  },
} as const satisfies FailureCodeEntries;

import type { FailureCodeEntries } from "./entry.ts";

/** Codes of failures that concern Hasura's metadata. */
export const metadataCodes = {
  "bad-metadata": {
    kinds: ["usage"],
    meaning:
      "The project's metadata cannot be read: a file is not valid YAML, JSON or GraphQL, or does not have the structure that Hasura expects.",
    causes: [
      "A syntax error at the line and column in the message.",
      "`!include` names a file that does not exist, is empty, or includes itself.",
      "`actions.yaml` has an action or a type that `actions.graphql` does not have.",
    ],
    remedies: ["Correct the file.", "List everything that is wrong: `hasura-migrate verify`."],
  },
  "metadata-changed": {
    kinds: ["busy"],
    meaning:
      "Someone has changed the server's metadata since the differences were shown, so it was not replaced, and nothing was overwritten.",
    causes: [
      "The Console, another tool or another run changed an object that the project's metadata would overwrite, perhaps while a confirmed run was paused.",
      "The server's metadata is being changed all the time.",
    ],
    remedies: [
      "The failure lists what has changed. To keep it, export it to the project; to overwrite it, run the same command again.",
    ],
  },
  "metadata-inconsistent": {
    kinds: ["metadata"],
    meaning:
      "The migrations were applied or rolled back, and Hasura's metadata refers to something that no longer exists or no longer matches.",
    causes: [
      "A migration dropped or renamed a table, column or function that is tracked or used in a permission.",
    ],
    remedies: [
      "Apply metadata that matches the new schema: `hasura-migrate metadata apply ENVIRONMENT`.",
      "After migrations, the run fails only with `--strict` or in a protected environment; elsewhere it is a warning. `metadata reload` fails in every environment.",
    ],
  },
  "metadata-not-kept": {
    kinds: ["usage"],
    meaning: "There is no metadata to restore: the ledger does not keep what the run replaced.",
    causes: [
      "No run has replaced the metadata yet, or the run given with `--run` has not.",
      "Only the newest 50 replacements are kept, and this one is older.",
      "The function's setting `HASURA_MIGRATE_KEEP_METADATA` is `off`, or was at that time.",
      "No database has a ledger.",
    ],
    remedies: [
      "See which runs replaced the metadata: `hasura-migrate history ENVIRONMENT`.",
      "Apply the metadata of an older commit: check it out, then `hasura-migrate metadata apply ENVIRONMENT --from .`.",
    ],
  },
  "metadata-outcome-unknown": {
    kinds: ["unreachable"],
    meaning:
      "Hasura's response to the new metadata was lost, and afterwards Hasura did not respond, or had metadata that someone else had changed: the metadata may have been applied.",
    causes: [
      "Hasura was restarted, or crashed.",
      "The connection between the function and Hasura is broken.",
    ],
    remedies: [
      "See whether it was applied: `hasura-migrate metadata diff ENVIRONMENT`.",
      "Run the same command again: it changes nothing if the metadata was applied.",
    ],
  },
  "metadata-refused": {
    kinds: ["metadata"],
    meaning:
      "Hasura refused the metadata as a whole; the server keeps its metadata. Migrations that the same run has applied stay applied.",
    causes: [
      "A part of the metadata does not have the structure that this version of Hasura expects.",
      "Two objects have the same name, or a cron trigger has the same name as one that exists only on the server, outside the metadata.",
      "Hasura is in maintenance mode or in read-only mode.",
    ],
    remedies: [
      "Correct the part that the message names.",
      "Compare Hasura's version with the one that the metadata was exported from.",
    ],
  },
  "metadata-version": {
    kinds: ["usage"],
    meaning: "The server's metadata version is older than 3, which this operation needs.",
    causes: ["Hasura 1, or a Hasura 2 server whose metadata was never upgraded."],
    remedies: [
      "Upgrade Hasura to version 2, or use the Hasura CLI of the same version as the server.",
    ],
  },
  "metadata-not-written": {
    kinds: ["usage"],
    meaning:
      "`metadata export` could not write a file of the project. Either no file was changed, or the message lists the files that could not be restored and where their earlier versions are.",
    causes: ["The disk is full.", "You have no permission to write in the metadata directory."],
    remedies: ["Fix the cause, and run the command again."],
  },
  "no-metadata": {
    kinds: ["usage"],
    meaning: "There is no metadata to compare or to apply.",
    causes: [
      "The function's image was built without the project's metadata directory.",
      "The directory of `--from` has no metadata.",
    ],
    remedies: [
      "Build [the image](docker.md) with the metadata directory, or use `--from` with a directory that has one.",
    ],
  },
  "would-be-inconsistent": {
    kinds: ["metadata"],
    meaning:
      "Some objects in the new metadata would be inconsistent, so the server keeps its metadata. Migrations that the same run has applied stay applied.",
    causes: [
      "The metadata uses tables, columns or functions that the database does not have, such as those of a migration that is not applied yet.",
      "An environment variable that the metadata refers to is missing where Hasura runs.",
      "Hasura cannot connect to a database.",
    ],
    remedies: [
      "Correct the metadata, or apply the migrations first: the failure lists the objects with their reasons and files.",
      "Set missing variables in the environment of the Hasura server.",
      "To apply it anyway: `--allow-inconsistent`.",
    ],
  },
} as const satisfies FailureCodeEntries;

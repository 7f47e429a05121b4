import type { FailureCodeEntries } from "./entry.ts";

/** Codes of failures that concern migrations that are sent with the request. */
export const uploadCodes = {
  "changed-in-upload": {
    kinds: ["usage"],
    meaning:
      "An uploaded file that would be run differs from the image's file with the same version; nothing was run.",
    causes: [
      "A migration was changed after it was merged and deployed.",
      "Two branches have migrations with the same version.",
    ],
    remedies: [
      "Give the migration its own version: `hasura-migrate new NAME` creates one.",
      "If the image is outdated, deploy a newer one.",
      "In an environment that is not protected, add `--changed` to run the files in the directory.",
    ],
  },
  "function-too-old-for-uploads": {
    kinds: ["usage"],
    meaning:
      "The function is too old for uploads, or for those of this operation, so `--from` cannot be used; nothing was run.",
    causes: ["The function's image contains an older version of hasura-migrate than this machine."],
    remedies: [
      "Deploy a newer image of the function.",
      "Or use the migrations in its image: omit `--from`, or add `--image`.",
    ],
  },
  "no-source": {
    kinds: ["usage"],
    meaning: "Hasura has no database connected, so there is nothing to migrate.",
    causes: ["The metadata is empty, for instance on a new server."],
    remedies: [
      "Connect the database in the Console, or apply metadata: `hasura-migrate metadata apply ENVIRONMENT`.",
    ],
  },
  "uncommitted-changes": {
    kinds: ["usage"],
    meaning:
      "`metadata export` would overwrite or remove files with uncommitted changes; nothing was written.",
    causes: [
      "You have changed the metadata in the working copy without committing it.",
      "The files are untracked, or ignored by Git.",
      "The project is in a Git repository, but Git is not installed or refuses to read it.",
    ],
    remedies: [
      "List what would change: `hasura-migrate metadata export ENVIRONMENT --dry-run`.",
      "Commit or stash the changes, or overwrite them with `--force`.",
    ],
  },
  "upload-invalid": {
    kinds: ["usage"],
    meaning: "The function refused an upload because its content is invalid; nothing was run.",
    causes: [
      "The request was not made by the `hasura-migrate` CLI.",
      "The name of a migration's directory contains characters that cannot be sent, such as control characters.",
    ],
    remedies: [
      "Rename the directory or file in the message.",
      "Upload migrations with `hasura-migrate ENVIRONMENT --from DIRECTORY`.",
    ],
  },
  "upload-outdated": {
    kinds: ["busy"],
    meaning:
      "The run needs a migration that was not uploaded, because it was applied when the upload was prepared and has been rolled back since.",
    causes: ["Someone else is working on the same environment at the same time."],
    remedies: [
      "See who did what: `hasura-migrate history ENVIRONMENT`.",
      "Run the same command again.",
    ],
  },
  "upload-too-large": {
    kinds: ["usage"],
    meaning: "The migrations to upload are too large or too many for one request; nothing was run.",
    causes: [
      "A migration contains data, such as thousands of `INSERT` statements.",
      "The directory contains more than 5,000 migrations that the image lacks and that the command may run.",
    ],
    remedies: [
      "Deploy an image that contains the files listed in the message, and upload the others.",
      "Move data out of migrations, or split the branch.",
    ],
  },
  "uploads-not-allowed": {
    kinds: ["usage"],
    meaning: "The environment runs only the migrations in its image; nothing was run.",
    causes: [
      "`HASURA_MIGRATE_SOURCES` of the function is `image`, the default.",
      "The environment is protected, and `HASURA_MIGRATE_SOURCES` does not contain `upload-when-protected`.",
    ],
    remedies: [
      "Build and deploy an image that contains the migrations.",
      "To allow uploads in a development environment, set `HASURA_MIGRATE_SOURCES=image,upload` (parameter `Sources` of the template); see [branches](branches.md).",
    ],
  },
} as const satisfies FailureCodeEntries;

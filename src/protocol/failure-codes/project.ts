import type { FailureCodeEntries } from "./entry.ts";

/** Codes of failures that concern the files of a project. */
export const projectCodes = {
  "bad-directive": {
    kinds: ["usage"],
    meaning:
      "A `-- hasura-migrate:` line at the top of a migration file has an unknown key or value.",
    causes: ["A typo in the line that the message names.", "The same key is set twice."],
    remedies: [
      "Use one of `lock_timeout=5s`, `statement_timeout=10min` and `retry=off`; see [writing migrations](writing-migrations.md#directives).",
      "If the file is part of the image, build and deploy the image again.",
    ],
  },
  "bad-project-config": {
    kinds: ["usage"],
    meaning:
      "The project's `config.yaml` cannot be read, is not valid YAML, or is not the configuration of a Hasura project.",
    causes: ["A syntax error in the file.", "`version` is not 1, 2 or 3."],
    remedies: [
      "Correct the file at the path in the message; a current project has `version: 3`.",
      "Name the right directory: `--migrations DIRECTORY` on your machine, `HASURA_MIGRATE_DIRECTORY` for the function.",
    ],
  },
  "broken-link": {
    kinds: ["usage"],
    meaning: "A symbolic link among the migrations points to something that does not exist.",
    causes: [
      "The target was moved or deleted.",
      "The target lies outside the project, and so is not in the image.",
    ],
    remedies: ["Remove the link, restore its target, or replace it with the file itself."],
  },
  "directory-not-writable": {
    kinds: ["usage"],
    meaning: "The embedded database cannot be stored because its directory is not writable.",
    causes: ["The project is mounted read-only or belongs to another user."],
    remedies: [
      "Run the command in a copy of the project that you can write to.",
      "Or use your own database: `hasura-migrate local --database-url postgres://USER@HOST/DATABASE`.",
    ],
  },
  "disk-full": {
    kinds: ["usage"],
    meaning: "There is no space left for the embedded database.",
    causes: ["The disk or the quota is full."],
    remedies: [
      "Free about 100 MB.",
      "Or use your own database: `hasura-migrate local --database-url postgres://USER@HOST/DATABASE`.",
    ],
  },
  "duplicate-version": {
    kinds: ["usage"],
    meaning: "Two files of one database have the same version and direction.",
    causes: [
      "A migration directory was copied.",
      "Two branches created a migration with the same version.",
    ],
    remedies: [
      "Rename one of the two, or remove it; `hasura-migrate new NAME` creates a new version.",
    ],
  },
  "empty-down-file": {
    kinds: ["usage"],
    meaning:
      "A `down.sql` has no SQL statement, so rolling back would only change the record, not the database; nothing has been run.",
    causes: [
      "Hasura's Console could not generate the rollback, and wrote comments instead.",
      "The `down.sql` was never written.",
    ],
    remedies: [
      "Write the statements that undo the migration in its `down.sql`.",
      "If nothing has to be undone, write `SELECT 1;`, or record the version as pending: `hasura-migrate mark ENVIRONMENT VERSION --pending`.",
    ],
  },
  "files-changing": {
    kinds: ["usage"],
    meaning:
      "The files in a directory kept changing while they were read for an upload; nothing was sent.",
    causes: [
      "A program is writing there: `git checkout`, a code generator, or a synchronised folder.",
    ],
    remedies: ["Run the same command again when that program has finished."],
  },
  "link-outside-project": {
    kinds: ["usage"],
    meaning: "A migration is a symbolic link to a file or directory outside the project.",
    causes: [
      "Files are shared between projects by links.",
      "An untrusted repository tries to read files on your machine.",
    ],
    remedies: ["Replace the link with the file or directory itself."],
  },
  "migration-directory": {
    kinds: ["usage"],
    meaning: "The directory of the new migration could not be created.",
    causes: ["Missing write permission.", "A migration with the same version exists."],
    remedies: [
      "Correct the permissions of the migrations directory, or name another one with `--migrations`.",
    ],
  },
  "no-directory": {
    kinds: ["usage"],
    meaning: "The directory for the migrations does not exist.",
    causes: [
      "A mistyped `--migrations`, or `HASURA_MIGRATE_DIRECTORY` in the function.",
      "The image was built without a project.",
    ],
    remedies: [
      "Name the directory of a Hasura project (the one with `config.yaml`), or its migrations directory.",
    ],
  },
  "no-down-file": {
    kinds: ["usage"],
    meaning:
      "The migration to be rolled back has no `down.sql`, or an empty one; nothing was rolled back.",
    causes: [
      "The `down.sql` was never written.",
      "The version was applied from another branch or image that has the file, and the ledger has no down SQL for it. The ledger stores the down SQL of migrations that hasura-migrate applies, up to 64 kB for each, unless `HASURA_MIGRATE_KEEP_DOWN_SQL` is `off`.",
    ],
    remedies: [
      "Write its `down.sql`, then build and deploy the image again.",
      "Or run `down` with the branch or image that it was applied from.",
    ],
  },
  "no-migrations-directory": {
    kinds: ["usage"],
    meaning: "The project has no migrations directory.",
    causes: [
      "`migrations_directory` in `config.yaml` points elsewhere.",
      "There is no migration yet.",
    ],
    remedies: [
      "Create the first migration: `hasura-migrate new NAME`.",
      "Or correct `migrations_directory` in `config.yaml`.",
    ],
  },
  "no-project": {
    kinds: ["usage"],
    meaning:
      "There is no Hasura project in the directory that was named, or where none was named in the working directory or above it.",
    causes: ["The command was started in the wrong directory.", "The directory is mistyped."],
    remedies: [
      "Change to the project's directory, or name it: `hasura-migrate local --migrations DIRECTORY`.",
      "Start one: `hasura-migrate new NAME --migrations DIRECTORY`.",
    ],
  },
  "no-temporary-space": {
    kinds: ["usage"],
    meaning: "The Hasura CLI needs a temporary directory, and it could not be created or filled.",
    causes: ["The function's `/tmp` is full."],
    remedies: ["Raise the function's ephemeral storage."],
  },
  "no-transaction-misread": {
    kinds: ["usage"],
    meaning:
      "A file that runs outside a transaction contains quoted text that Hasura would change before running it.",
    causes: [
      "Outside a transaction, Hasura splits a file at semicolons and drops anything that looks like a comment (`--`, `/*`), even inside quotes.",
    ],
    remedies: [
      "Write the string without these characters, for instance with `chr(45)`.",
      "Or move the statement to a separate file that runs in a transaction.",
    ],
  },
  "no-transaction-unsupported": {
    kinds: ["usage"],
    meaning: "A file has to run outside a transaction, which this Hasura server does not support.",
    causes: [
      "Servers before 2.45.3 ignore the request silently, so it is refused before anything runs.",
    ],
    remedies: [
      "Upgrade Hasura to 2.45.3 or newer.",
      "Or write the file so that it can run in a transaction.",
    ],
  },
  "no-up-file": {
    kinds: ["usage"],
    meaning: "The migration to be applied has no `up.sql`, or an empty one; nothing was applied.",
    causes: [
      "Only the `down.sql` was written.",
      "The file is not part of the commit or of the image.",
      "`redo` was used for a version that has no file. The ledger stores only down SQL, so such a version can be rolled back, but not applied again.",
    ],
    remedies: [
      "Write its `up.sql`, or remove the migration's directory.",
      "For `redo`: use the branch or image that the version was applied from, or roll it back with `down --only VERSION`.",
    ],
  },
  "not-utf8": {
    kinds: ["usage"],
    meaning:
      "A migration file is not UTF-8, so its characters would be changed on the way to the database.",
    causes: ["The file was saved in a different encoding, for instance Latin-1 or UTF-16."],
    remedies: ["Save the file as UTF-8: `iconv -f LATIN1 -t UTF-8 up.sql`."],
  },
  "unfinished-text": {
    kinds: ["usage"],
    meaning: "A migration file ends inside quoted text or a comment. Nothing was run.",
    causes: [
      "A closing quote, `$$`, `*/` or double quote is missing.",
      "There is an apostrophe inside a string that was not doubled, so every quote after it opens a string instead of closing one.",
      "The file was truncated.",
    ],
    remedies: [
      "Close the string or comment that begins in the line shown, or look for an unpaired quote before it.",
      "Write an apostrophe inside a string twice: `'it''s'`.",
    ],
  },
  "nul-character": {
    kinds: ["usage"],
    meaning:
      "A migration file contains a NUL character, which PostgreSQL cannot store and at which Hasura would truncate the SQL; nothing has been run.",
    causes: [
      "The file was saved as UTF-16 without a byte order mark.",
      "A binary value was pasted into the file.",
    ],
    remedies: [
      "Save the file as UTF-8.",
      "Write binary values as text, for instance `'\\x00ff'::bytea` or `decode('AP8=', 'base64')`.",
    ],
  },
  "unreadable-directory": {
    kinds: ["usage"],
    meaning: "A directory of the project cannot be read.",
    causes: ["Missing permissions; in an image, files that only their owner can read."],
    remedies: ["Make it readable: `chmod -R a+rX DIRECTORY`, then build the image again."],
  },
  "unreadable-file": {
    kinds: ["usage"],
    meaning: "A migration file cannot be read.",
    causes: [
      "Missing permissions; in an image, files that only their owner can read.",
      "The path is a directory, a pipe or a device, not a file.",
    ],
    remedies: [
      "Make it readable: `chmod a+r FILE`, then build the image again.",
      "Replace it with a regular file that contains the migration's SQL.",
    ],
  },
} as const satisfies FailureCodeEntries;

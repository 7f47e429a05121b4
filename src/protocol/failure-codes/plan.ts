import type { FailureCodeEntries } from "./entry.ts";

/** Codes of failures that concern which migrations a run may apply or roll back. */
export const planCodes = {
  "already-applied": {
    kinds: ["usage"],
    meaning: "`apply --only VERSION` names a migration that is already applied.",
    causes: ["Someone else has applied it in the meantime.", "The version is mistyped."],
    remedies: [
      "Check the current state: `hasura-migrate status ENVIRONMENT`.",
      "To run it again on purpose, roll it back first: `hasura-migrate down ENVIRONMENT --only VERSION`.",
    ],
  },
  "already-squashed": {
    kinds: ["usage"],
    meaning:
      "A migration that was squashed into another one would be run, although the squash is applied; nothing was run.",
    causes: ["An older image or branch is used, which still has the files of the squash's parts."],
    remedies: [
      "Use an image or a branch that has the squash, or merge it into the branch.",
      "To run the parts again, roll the squash back first: `hasura-migrate down ENV --only VERSION`.",
    ],
  },
  "changed-file": {
    kinds: ["differs"],
    meaning: "A migration file has changed since it was applied, and `--strict` refuses that.",
    causes: [
      "Someone edited a migration that was already applied.",
      "Two branches hold different versions of the file.",
    ],
    remedies: [
      "Restore the file, and put the change into a new migration: `hasura-migrate new NAME`.",
      "Run without `--strict` to continue with a warning; the applied version is not run again.",
    ],
  },
  "data-loss": {
    kinds: ["usage"],
    meaning:
      "The plan would lose data, which was not confirmed: it drops a table or a column, or removes all rows of a table that may have rows. Nothing was run.",
    causes: [
      "There is no one to ask: the command runs in CI, with `--json`, or without a terminal.",
      "A step that loses data was added to the plan during the run, because the database has changed.",
    ],
    remedies: [
      "See what would be lost: `hasura-migrate plan ENVIRONMENT`.",
      "Run the command in a terminal and answer the question, or repeat it with `--yes=ENVIRONMENT` or `--allow RULE`.",
      "To allow it for everyone who runs the file, write into the file: `-- hasura-migrate: allow drop-data because …`.",
    ],
  },
  "no-way-back": {
    kinds: ["usage"],
    meaning:
      "`reset-to` would have to roll back versions for which the ledger has no down SQL. The message lists them, with who applied each one and on which branch. Nothing was changed.",
    causes: [
      "When the migration was applied, it had no `down.sql`, or its `down.sql` contained no statement or was larger than 64 kB.",
      "`HASURA_MIGRATE_KEEP_DOWN_SQL` was `off` at that time, or the environment has no ledger.",
      "The version was imported, or recorded with `mark`, and not applied by hasura-migrate.",
    ],
    remedies: [
      "Leave them applied and reset everything else: `--keep`.",
      "Or roll them back first, with `down` from the branch or image that has their `down.sql`.",
      "Or undo them by hand and record that: `hasura-migrate mark ENVIRONMENT VERSION --pending`.",
    ],
  },
  "not-applied": {
    kinds: ["usage"],
    meaning: "The version that `down` names is not applied.",
    causes: ["It has already been rolled back.", "The version is mistyped."],
    remedies: ["Check the current state: `hasura-migrate status ENVIRONMENT`."],
  },
  "other-migration": {
    kinds: ["usage"],
    meaning:
      "Another migration is applied under the version of one in the project: its name and its SQL are not those of the project's files. Nothing was run.",
    causes: [
      "Two branches have migrations with the same version, and the other one was applied first.",
      "A migration was renamed and changed after it was applied.",
    ],
    remedies: [
      "Give your migration a newer version: rename its directory.",
      "If it is the same migration, rename its directory to the name under which it was applied; the message shows it.",
      "To roll back what is applied, with the down SQL stored in the ledger, and apply the project's file instead: `hasura-migrate reset-to ENVIRONMENT --changed`. The plan shows what that rolls back.",
    ],
  },
  "out-of-order": {
    kinds: ["usage"],
    meaning:
      "A pending migration is older than one that is already applied, and this environment is protected.",
    causes: ["A branch was merged after a newer migration had been applied."],
    remedies: [
      "Give the migration a newer version (rename its directory).",
      "Or allow the order: `hasura-migrate ENVIRONMENT --out-of-order`.",
    ],
  },
  "plan-changed": {
    kinds: ["busy"],
    meaning: "The plan has changed since it was shown and confirmed; no migration was run.",
    causes: [
      "Someone else applied or rolled back migrations between the prompt and the confirmation.",
      "Another image was deployed in between.",
      "The run has connected a new database to Hasura, and its ledger shows that some of its migrations are already applied. The database stays connected.",
    ],
    remedies: ["Run the same command again: it shows the new plan and asks again."],
  },
  "plan-outdated": {
    kinds: ["busy"],
    meaning:
      "Other runs or tools changed what is applied while this run was planning or running, or another image was deployed.",
    causes: [
      "Several runs are working on the same environment at once.",
      "A confirmed run paused, and an image with other migrations or other metadata was deployed before it continued.",
    ],
    remedies: [
      "Let the other runs finish (`hasura-migrate history ENVIRONMENT`), then run the same command again.",
    ],
  },
  "partly-squashed": {
    kinds: ["usage"],
    meaning:
      "A pending migration squashes others, of which only some are applied in this database. It can neither be recorded in their place nor be run. Nothing was run.",
    causes: [
      "The environment had not applied the whole range when the migrations were squashed.",
      "One of the squashed versions was rolled back.",
    ],
    remedies: [
      "Apply the missing versions from a branch or image that still has them as separate files.",
      "Or roll back the applied ones: `hasura-migrate reset-to ENVIRONMENT` does that and then runs the whole file.",
      "Or, if the database already contains what the missing ones create, record them: `hasura-migrate mark ENVIRONMENT VERSION --applied`.",
    ],
  },
  "reset-refused": {
    kinds: ["usage"],
    meaning:
      "`--reset` drops only the embedded database, never one that you pass with `--database-url`.",
    causes: ["Both options were given."],
    remedies: [
      "Drop and create your database yourself, then repeat the command without `--reset`.",
    ],
  },
  "risk-not-allowed": {
    kinds: ["usage"],
    meaning:
      "The environment is protected, and a statement of the plan loses data, or blocks a large table while it reads or rewrites every row. Nothing was run.",
    causes: [
      "The statement blocks writes to a table of more than 1 MB, or also reads, while it reads or rewrites every row.",
      "The statement drops a table or a column, or removes all rows of a table that may have rows.",
      "The sizes of the tables could not be read, so every table counts as large.",
    ],
    remedies: [
      "See every statement with the size of its table: `hasura-migrate plan ENVIRONMENT`.",
      "Use the safe way that [the rule](lint.md#rules) describes.",
      "If the risk is known and accepted: `--allow RULE`, or in the file `-- hasura-migrate: allow RULE because …`.",
    ],
  },
  "squash-beside-parts": {
    kinds: ["usage"],
    meaning:
      "The project contains a migration that squashes others as well as the files of those others, so their SQL would be run twice. Nothing was run.",
    causes: ["`squash` was run without `--delete`, and the directories were not removed."],
    remedies: ["Remove the directories of the squashed migrations, or the one that squashes them."],
  },
  "squash-refused": {
    kinds: ["usage"],
    meaning:
      "The migrations cannot be combined into one that does the same. The message shows the file and the reason. Nothing was written.",
    causes: [
      "A migration has no `down.sql`, or its `down.sql` contains no statement.",
      "Some files run outside a transaction (`-- hasura:no-transaction`) and others do not, or their directives differ.",
      "A file contains `BEGIN`, `COMMIT` or `ROLLBACK`, or changes a setting that cannot be reset after it.",
      "One of them is itself a squash.",
      "The version number after the last one is already used.",
    ],
    remedies: [
      "Correct the file, or squash the migrations before it and those after it: `--from`, `--to`.",
      "To write no `down.sql`: `--without-down`.",
    ],
  },
  "unknown-version": {
    kinds: ["usage"],
    meaning: "There is neither a file nor a record of that version.",
    causes: [
      "The version is mistyped.",
      "The function's image does not contain the migration yet.",
    ],
    remedies: [
      "Check the versions: `hasura-migrate status ENVIRONMENT`.",
      "Deploy an image that contains the migration.",
    ],
  },
} as const satisfies FailureCodeEntries;

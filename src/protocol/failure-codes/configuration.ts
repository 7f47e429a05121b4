import type { FailureCodeEntries } from "./entry.ts";

/** Codes of failures that concern `hasura-migrate.json` and what it extends. */
export const configurationCodes = {
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
    remedies: ["Remove one `extends` of the cycle."],
  },
  "config-extends-missing": {
    kinds: ["usage"],
    meaning: "A configuration file extends a file or an npm package that does not exist.",
    causes: [
      "The package is not installed where the file is.",
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
      "The configuration file has unknown keys or invalid values; the message lists every one.",
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
      "Correct the path, or omit it: the file is then looked up from the working directory upward.",
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
      "It was unpacked or created with permissions for everyone, or by another user.",
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
} as const satisfies FailureCodeEntries;

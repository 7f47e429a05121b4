import type { FailureCodeEntries } from "./entry.ts";

/** Codes of failures that concern calls of the function and its responses. */
export const functionCodes = {
  "answer-lost": {
    kinds: ["unreachable"],
    meaning:
      "The connection to Hasura broke, or something other than Hasura responded, before the response was read.",
    causes: [
      "Hasura or its task was restarted.",
      "A proxy, or another service, responds at the address in `HASURA_MIGRATE_ENDPOINT`.",
    ],
    remedies: [
      "Run the same command again; with a ledger nothing is applied twice.",
      "Check that `HASURA_MIGRATE_ENDPOINT` is Hasura's own address.",
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
  "contract-mismatch": {
    kinds: ["usage"],
    meaning: "The client's and the function's versions of the protocol are too far apart.",
    causes: ["Only one of them was upgraded."],
    remedies: [
      "Follow the hint: deploy a newer image, or use a newer client (`npx hasura-migrate@latest`).",
      "See [upgrading](upgrading.md) for the order in which to upgrade.",
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
      "Raise the function's timeout (at most 15 minutes, which the template sets).",
      "Run a migration that takes longer in an ECS task: `--runner ecs` ([deploying](deploying.md)). Or split it, or run it in the database by hand and record it: `hasura-migrate mark ENVIRONMENT VERSION --applied`.",
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
    meaning: "The function's environment variables are invalid; the message lists every problem.",
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
      "Raise the function's timeout (at most 15 minutes), then run the same command again.",
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
  "function-unavailable": {
    kinds: ["unreachable"],
    meaning: "Lambda cannot run the function in its current state; nothing has run.",
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
  "image-changed": {
    kinds: ["busy"],
    meaning:
      "The function's image was replaced several times while an upload was being prepared; nothing was run.",
    causes: ["Deployments of the function are in progress."],
    remedies: ["Run the same command again once the deployment is done."],
  },
  "malformed-request": {
    kinds: ["usage"],
    meaning: "The function received something that is not a valid request.",
    causes: [
      "A hand-written payload, for instance with `aws lambda invoke`, has an invalid field or type.",
      "A test event was sent from the AWS console.",
    ],
    remedies: [
      "Use the CLI: `hasura-migrate status ENVIRONMENT`.",
      "For your own clients, compare the payload with [calling the function yourself](local.md#with-aws-lambda-invoke).",
    ],
  },
  "no-answer": {
    kinds: ["unreachable"],
    meaning: "The function was asked for the outcome of a run, but returned no list of runs.",
    causes: ["The function was replaced with something else in the meantime."],
    remedies: [
      "Check manually: `hasura-migrate history ENVIRONMENT`, then `hasura-migrate status ENVIRONMENT`.",
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
  "request-too-large": {
    kinds: ["usage"],
    meaning:
      "The request is larger than Lambda accepts (6 MB), or than an ECS task accepts (8,192 characters).",
    causes: ["A very long list of versions."],
    remedies: ["Split the command, for instance `mark` with fewer versions at a time."],
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
  "stream-broken": {
    kinds: ["unreachable"],
    meaning: "The function's response contains a line that cannot be read.",
    causes: ["The function is not a hasura-migrate function.", "A proxy changes the response."],
    remedies: [
      "Check `--function` and `HTTPS_PROXY`.",
      "See what was applied: `hasura-migrate status ENVIRONMENT`.",
    ],
  },
  "stream-cut": {
    kinds: ["unreachable"],
    meaning: "The function's response ended in the middle of a line.",
    causes: ["The connection broke, or the function was stopped."],
    remedies: [
      "See what was applied: `hasura-migrate status ENVIRONMENT`.",
      "Run the same command again.",
    ],
  },
  "unknown-operation": {
    kinds: ["usage"],
    meaning: "The function does not support this operation.",
    causes: ["The function's image is older than the client."],
    remedies: ["Deploy a newer image; see [upgrading](upgrading.md)."],
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
} as const satisfies FailureCodeEntries;

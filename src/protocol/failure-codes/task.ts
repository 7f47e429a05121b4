import type { FailureCodeEntries } from "./entry.ts";

/** Codes of failures that concern runs in an ECS task. */
export const taskCodes = {
  "ecs-unreachable": {
    kinds: ["unreachable"],
    meaning:
      "Amazon ECS or CloudWatch Logs could not be reached, or did not respond as AWS does; nothing was started.",
    causes: [
      "There is no network, or `HTTPS_PROXY` does not allow the host.",
      "`AWS_ENDPOINT_URL_ECS` or `AWS_ENDPOINT_URL` names something else.",
    ],
    remedies: [
      "Check the network and the address that the message names.",
      "Run the migrations in the function instead: `--runner lambda`.",
    ],
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
      "The ledger does not show the run, and ECS does not have the task or you may not call `ecs:DescribeTasks`.",
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
      "The response of ECS to the request to start a task was lost, even when the request was repeated, so the task may be running.",
    causes: ["The connection broke when the task was started."],
    remedies: [
      "Look at the run: `hasura-migrate history ENVIRONMENT`.",
      "Run the same command again: it waits for a run in progress, and nothing is applied twice.",
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
} as const satisfies FailureCodeEntries;

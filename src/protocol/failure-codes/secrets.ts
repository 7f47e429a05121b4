import type { FailureCodeEntries } from "./entry.ts";

/** Codes of failures that concern Hasura's admin secret, and where it is stored. */
export const secretsCodes = {
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
    causes: ["Someone deleted it; Secrets Manager keeps it for the recovery window."],
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
      "If the VPC already has one, let its security group allow traffic from the stack's output `SecurityGroupId` on port 443.",
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
} as const satisfies FailureCodeEntries;

/** The used part of the Secrets Manager client, so that a bundle that loads it on demand does not include the rest. */
export { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";

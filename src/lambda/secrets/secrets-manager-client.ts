/** What is used of the Secrets Manager client, named here so that a bundle that loads it on demand carries nothing else of it. */
export { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";

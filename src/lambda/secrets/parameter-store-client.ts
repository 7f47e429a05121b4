/** What is used of the SSM client, named here so that a bundle that loads it on demand does not carry its other 150 commands. */
export { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";

/** The used part of the SSM client, so that a bundle that loads it on demand does not include its other 150 commands. */
export { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";

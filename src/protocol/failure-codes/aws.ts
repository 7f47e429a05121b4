import type { FailureCodeEntries } from "./entry.ts";

/** Codes of failures that concern AWS: credentials, profiles, regions, the way to Lambda. */
export const awsCodes = {
  "access-denied": {
    kinds: ["access"],
    meaning: "AWS refused the call because your identity lacks an IAM permission.",
    causes: [
      "The stack's policy (`DeveloperPolicyArn`, or one of `ReadPolicyArn`, `ApplyPolicyArn` and `AdminPolicyArn`) is not attached to your role.",
      "The profile belongs to a different account or role from the one you meant.",
      "An alias is called (`:read`, `:apply`, `:query`, `:admin`) that your policy does not include.",
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
      "AWS credentials did not arrive within a minute; nothing was sent to the function. It is `unreachable` if a service such as STS was called but did not respond.",
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
      "The Resource Groups Tagging API cannot be reached from this machine: a VPC endpoint for Lambda does not serve it.",
      "AWS does not accept the credentials, or the region is not enabled in the account.",
      "AWS still throttled the request after several attempts.",
    ],
    remedies: [
      "Look in fewer places: `--profile NAME`, `--region NAME`.",
      "Log in again, and check the profile with `aws sts get-caller-identity --profile NAME`.",
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
  "login-missing": {
    kinds: ["access"],
    meaning: "You are not logged in with this AWS profile.",
    causes: ["The profile uses `aws login`, but there is no session."],
    remedies: ["Log in: `aws login --profile PROFILE`."],
  },
  "mfa-needed": {
    kinds: ["access"],
    meaning: "The AWS profile needs an MFA code, but there is no terminal to prompt in.",
    causes: ["The command runs in CI or in a pipe."],
    remedies: ["Run it in a terminal, or use a profile without MFA: `--profile NAME`."],
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
  "sts-unreachable": {
    kinds: ["unreachable"],
    meaning: "AWS could not be reached to obtain credentials; nothing has run.",
    causes: [
      "No network, or a proxy that is not configured.",
      "A proxy presents a certificate that is not trusted.",
    ],
    remedies: ["Check the network, `HTTPS_PROXY` and `NODE_EXTRA_CA_CERTS`."],
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
} as const satisfies FailureCodeEntries;

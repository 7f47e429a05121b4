import { readFile } from "node:fs/promises";
import { Failure } from "../../../protocol/failure.ts";
import { textHint } from "../../../protocol/hint.ts";
import type { Environment } from "../../context.ts";
import { isLoopbackHost } from "../loopback.ts";
import { checkedEndpoint } from "./addresses.ts";
import type { Identity } from "./choose-identity.ts";
import { errorCode } from "./sdk-error.ts";
import { configuredEndpoint, endpointsOf, ownAddress } from "./service-addresses.ts";
import type { SharedConfig } from "./shared-config.ts";

/*
 * The SDK's credential providers read these variables on their own and report a wrong one unclearly, if at all.
 * So they are checked first, each only if it would be read.
 */

/** Throws a usage failure that names the variable if its value is unusable for fetching the identity's credentials. */
export async function checkCredentialVariables(
  identity: Identity,
  files: SharedConfig,
  env: Environment,
): Promise<void> {
  if (identity.kind === "profile") {
    const addressOf = endpointsOf(identity, files, env);
    for (const service of ownAddress) configuredEndpoint(addressOf(service));
  }
  switch (machineSource(identity, files)) {
    case "container":
      checkContainerAddress(env);
      await checkContainerToken(env);
      break;
    case "instance":
      checkMetadataAddress(env);
      break;
    case undefined:
  }
}

/** The service of this machine that gives the credentials, also those from which a role is assumed. */
function machineSource(
  identity: Identity,
  files: SharedConfig,
): "container" | "instance" | undefined {
  if (identity.kind === "ambient")
    return identity.source === "container" || identity.source === "instance"
      ? identity.source
      : undefined;
  const seen = new Set<string>();
  let name: string | undefined = identity.profile;
  while (name !== undefined && !seen.has(name)) {
    seen.add(name);
    const section: Readonly<Record<string, string | undefined>> = files.profile(name) ?? {};
    if (section["credential_source"] === "EcsContainer") return "container";
    if (section["credential_source"] === "Ec2InstanceMetadata") return "instance";
    name = section["source_profile"];
  }
  return undefined;
}

/** Hosts of the ECS and EKS agents, which are accessed without TLS. */
const agentHosts: ReadonlySet<string> = new Set([
  "169.254.170.2",
  "169.254.170.23",
  "[fd00:ec2::23]",
]);

/** If both are set, the relative one wins. */
function checkContainerAddress(env: Environment): void {
  const relative = env["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"];
  if (relative) {
    if (relative.startsWith("/")) return;
    throw invalid("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", 'must be a path that begins with "/"');
  }
  const from = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
  const url = env[from];
  if (!url) return;
  checkedEndpoint({ url, from, example: "http://169.254.170.23/v1/credentials" });
  const { protocol, hostname } = new URL(url);
  if (protocol === "https:" || agentHosts.has(hostname) || isLoopbackHost({ hostname })) return;
  throw invalid(
    from,
    `must be https, because ${hostname} is neither this machine nor the agent of ECS or EKS`,
  );
}

async function checkContainerToken(env: Environment): Promise<void> {
  const fromFile = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
  const file = env[fromFile];
  const from = file ? fromFile : "AWS_CONTAINER_AUTHORIZATION_TOKEN";
  const token = file ? await tokenIn(file, fromFile) : (env[from] ?? "");
  if (!/[\r\n]/.test(token)) return;
  throw new Failure(
    "usage",
    "credentials-malformed",
    `The token ${file ? "in the file of" : "of"} ${from} contains a line break.`,
    { hints: [textHint("Set it again without that character; nothing was sent.")] },
  );
}

async function tokenIn(file: string, from: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new Failure(
      "usage",
      "credentials",
      `The file in ${from} cannot be read (${errorCode(cause)}); nothing was sent.`,
      { hints: [textHint(`It is ${JSON.stringify(file)}.`)], cause },
    );
  }
}

function checkMetadataAddress(env: Environment): void {
  const from = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
  const mode = `${from}_MODE`;
  const [url, family] = [env[from], env[mode]];
  if (url) checkedEndpoint({ url, from, example: "http://169.254.169.254" });
  else if (family && !["IPv4", "IPv6"].includes(family))
    throw invalid(mode, "must be IPv4 or IPv6");
}

function invalid(from: string, problem: string): Failure {
  return new Failure("usage", "address-invalid", `${from}: ${problem}; nothing was sent.`);
}

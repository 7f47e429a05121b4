import { Failure } from "../../../protocol/failure.ts";
import { textHint } from "../../../protocol/hint.ts";
import type { Target } from "../../config/resolve-target.ts";
import type { Environment } from "../../context.ts";
import type { SharedConfig } from "./shared-config.ts";
import type { Identity } from "./choose-identity.ts";
import { checkedRegion, isRegion } from "./addresses.ts";

/** From the flag, the configuration, the profile or the environment variables, in that order. */
export function regionOf(
  target: Target,
  identity: Identity,
  files: SharedConfig,
  env: Environment,
): string {
  const sources = [
    [target.region, `--region or the configuration of ${target.environment}`],
    [
      profileRegion(identity, files),
      identity.kind === "profile" ? `profile "${identity.profile}"` : "",
    ],
    [env["AWS_REGION"], "AWS_REGION"],
    [env["AWS_DEFAULT_REGION"], "AWS_DEFAULT_REGION"],
  ] as const;
  for (const [region, from] of sources) if (region) return checkedRegion(region, from);
  // With an explicit endpoint the region is only needed for signing.
  if (target.endpointUrl !== undefined) return "us-east-1";
  throw new Failure("usage", "region-missing", `No AWS region for ${target.environment}.`, {
    hints: [textHint('Set it with --region, "region" in hasura-migrate.json, or the AWS profile.')],
  });
}

/** The profile's own region, as in the AWS CLI: it may be the only one with an endpoint in the VPC. */
export function stsRegion(identity: Identity, files: SharedConfig, otherwise: string): string {
  const own = profileRegion(identity, files);
  return own !== undefined && isRegion(own) ? own : otherwise;
}

function profileRegion(identity: Identity, files: SharedConfig): string | undefined {
  return identity.kind === "profile" ? files.profile(identity.profile)?.["region"] : undefined;
}

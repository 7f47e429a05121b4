import type { FailureCode } from "../../../protocol/failure-codes.ts";
import { Failure } from "../../../protocol/failure.ts";
import { certificateProblem, errorCode, errorName, networkCause, errorText } from "./sdk-error.ts";
import type { Identity } from "./identity.ts";

/** Whatever the credentials' providers threw as one sentence and the next command (docs/internals/aws-lambda.md, "Profiles and the default chain"). */
export function explainCredentials(thrown: unknown, identity: Identity): Failure {
  if (thrown instanceof Failure) return thrown;
  const text = errorText(thrown);
  if (identity.kind === "ambient") return ambientFailed(thrown, text, identity.source);
  const profile = identity.profile;
  const failed = (code: FailureCode, message: string, ...hints: string[]): Failure =>
    new Failure("access", code, message, { hints, cause: thrown });
  if (/aws sso login|SSO session|UnauthorizedException: Session token/i.test(text)) {
    return failed(
      "sso-expired",
      `The SSO login of profile "${profile}" is missing or has expired.`,
      `aws sso login --profile ${profile}`,
    );
  }
  if (/ForbiddenException/.test(text)) {
    return failed(
      "sso-forbidden",
      `SSO does not let you take the role of profile "${profile}".`,
      `Ask for that role, or choose another profile: --profile NAME`,
    );
  }
  const incomplete = incompleteSso(text, profile);
  if (incomplete !== undefined)
    return failed("profile-broken", incomplete, `aws configure sso --profile ${profile}`);
  if (/sso_region/.test(text)) {
    return failed(
      "profile-broken",
      `Profile "${profile}" names an sso-session that is not in the AWS configuration.`,
      `aws configure sso --profile ${profile}`,
    );
  }
  if (/\.aws\/login\/cache|aws login/.test(text))
    return failed(
      "login-missing",
      `You are not logged in with profile "${profile}".`,
      `aws login --profile ${profile}`,
    );
  if (/cycle attempting/.test(text))
    return failed(
      "profile-broken",
      `The roles of profile "${profile}" refer to each other in a circle.`,
    );
  if (/credential_process|^Command failed/i.test(text)) {
    return failed(
      "credential-process",
      `The credential_process of profile "${profile}" failed.`,
      "Run that command by itself to see why.",
    );
  }
  if (/Could not resolve credentials using profile/.test(text)) {
    return failed(
      "profile-broken",
      `Profile "${profile}" gives no credentials: it has neither keys, nor a role with a source, nor SSO.`,
      `aws configure list --profile ${profile}`,
    );
  }
  return refusedBySts(thrown, text, profile, failed);
}

const ofProfile = ["sso_account_id", "sso_role_name"];
const ofSession = ["sso_start_url", "sso_region"];

/** The SDK lists what SSO needs and the settings it got, those of the sso-session among them (only their names, set or not). */
function incompleteSso(text: string, profile: string): string | undefined {
  const got = /invalid SSO credentials\. Required parameters .* Got ([^\n]*)/
    .exec(text)?.[1]
    ?.split(", ");
  if (!got) return undefined;
  const missing = (names: readonly string[]): string =>
    names.filter((name) => !got.includes(name)).join(" and ");
  if (missing(ofProfile) !== "")
    return `Profile "${profile}" is set up for SSO and lacks ${missing([...ofProfile, ...ofSession])}.`;
  return missing(ofSession) === ""
    ? `The sso-session of profile "${profile}" lacks ${ofSession.join(" or ")}.`
    : `Profile "${profile}" is set up for SSO and lacks ${missing(ofSession)}.`;
}

function refusedBySts(
  thrown: unknown,
  text: string,
  profile: string,
  failed: (code: FailureCode, message: string, ...hints: string[]) => Failure,
): Failure {
  const name = errorName(thrown);
  if (certificateProblem(thrown) || networkCause(thrown)) {
    return new Failure(
      "unreachable",
      "sts-unreachable",
      `AWS could not be reached to get credentials for profile "${profile}" (${errorCode(thrown) ?? name}).`,
      {
        hints: ["Check the network, and HTTPS_PROXY."],
        cause: thrown,
      },
    );
  }
  if (/^AccessDenied/.test(name)) {
    const role = /on resource: (\S+)/.exec(text)?.[1];
    return failed(
      "role-refused",
      `AWS does not let profile "${profile}" assume ${role ?? "its role"}.`,
      "Check the role's trust policy, the external id, and the MFA code.",
    );
  }
  if (/^ExpiredToken/.test(name))
    return failed(
      "credentials-expired",
      `The credentials of profile "${profile}" have expired.`,
      `aws sso login --profile ${profile}, or put fresh ones in place`,
    );
  if (/^(InvalidClientTokenId|UnrecognizedClient)/.test(name))
    return failed(
      "credentials-invalid",
      `AWS does not know the access key of profile "${profile}".`,
      `aws configure --profile ${profile}`,
    );
  if (/^(SignatureDoesNotMatch|RequestExpired|InvalidSignature)/.test(name)) {
    return failed(
      "signature",
      `AWS refused the signature of profile "${profile}": the secret key is wrong, or this machine's clock is.`,
      "date -u",
    );
  }
  return failed(
    "credentials",
    `Profile "${profile}" gives no credentials (${name}).`,
    `aws sts get-caller-identity --profile ${profile}`,
  );
}

function ambientFailed(thrown: unknown, text: string, source: string): Failure {
  if (source === "instance") {
    return new Failure(
      "access",
      "no-credentials",
      "There are no AWS credentials: no profile, no environment variables, no role of this machine.",
      {
        hints: [
          "aws configure sso",
          'Name a profile: --profile NAME, or "profile" in hasura-migrate.json',
        ],
      },
    );
  }
  const why =
    source === "web-identity"
      ? "The web identity was not accepted"
      : "The credentials of this environment could not be read";
  return new Failure("access", "credentials", `${why} (${errorName(thrown)}).`, {
    hints: ["aws sts get-caller-identity"],
    cause: text ? thrown : undefined,
  });
}

import type { FailureCode } from "../../../protocol/failure-codes.ts";
import { Failure } from "../../../protocol/failure.ts";
import { inspectCertificate } from "../../../tls/certificate.ts";
import {
  certificateProblem,
  errorCode,
  errorName,
  networkCause,
  reasonOf,
  requestIdOf,
  httpStatusOf,
  errorText,
} from "./sdk-error.ts";

/** What a message may name. */
export interface InvokeErrorContext {
  readonly function: string;
  readonly region: string;
  readonly profile?: string;
  readonly account?: string;
  /** Where the Lambda service was looked for. */
  readonly url: string;
}

/** An error of the invocation as one sentence and the next command (docs/internals/aws-lambda.md, "What is thrown"). */
export async function explainInvocation(
  thrown: unknown,
  context: InvokeErrorContext,
): Promise<Failure> {
  if (thrown instanceof Failure) return thrown;
  if (certificateProblem(thrown)) return certificateFailure(thrown, context);
  if (networkCause(thrown)) return notReached(thrown, context);
  return refused(thrown, context) ?? doubtful(thrown);
}

function notReached(thrown: unknown, { url }: InvokeErrorContext): Failure {
  const code = errorCode(thrown);
  const host = new URL(url).host;
  const why =
    code === "ECONNREFUSED"
      ? "refuses connections"
      : code === "ENOTFOUND" || code === "EAI_AGAIN"
        ? "cannot be found"
        : "cannot be reached";
  return new Failure(
    "unreachable",
    "lambda-unreachable",
    `The Lambda service at ${host} ${why}; nothing has run.`,
    {
      hints: [
        code === "ENOTFOUND"
          ? "Check the region's name, the network, and HTTPS_PROXY."
          : "Check the address, the network, and HTTPS_PROXY.",
      ],
      cause: thrown,
    },
  );
}

async function certificateFailure(thrown: unknown, { url }: InvokeErrorContext): Promise<Failure> {
  const seen = await inspectCertificate(new URL(url));
  const what =
    seen === undefined
      ? ""
      : ` It presents "${seen.subject}", issued by "${seen.issuer}", SHA-256 ${seen.fingerprint}.`;
  return new Failure(
    "unreachable",
    "tls",
    `The certificate of ${new URL(url).host} is not trusted (${errorCode(thrown)}).${what}`,
    {
      hints: [
        "If that is your company's authority: NODE_EXTRA_CA_CERTS=/path/to/authority.pem hasura-migrate …",
      ],
      cause: thrown,
    },
  );
}

function refused(thrown: unknown, context: InvokeErrorContext): Failure | undefined {
  const name = errorName(thrown);
  const text = errorText(thrown);
  const as = context.profile === undefined ? "" : ` with profile ${context.profile}`;
  const access = (code: FailureCode, message: string, ...hints: string[]): Failure =>
    new Failure("access", code, message, { hints, cause: thrown });
  switch (name) {
    case "AccessDeniedException":
    case "AccessDenied":
      return accessDenied(thrown, text, context);
    case "ResourceNotFoundException":
      return new Failure(
        "unreachable",
        "function-not-found",
        `There is no function ${context.function} in ${context.region}${context.account === undefined ? "" : `, account ${context.account}`}${as}.`,
        {
          hints: [
            `aws lambda list-functions --region ${context.region}${context.profile === undefined ? "" : ` --profile ${context.profile}`}`,
            'Name it: --function NAME, or "function" in hasura-migrate.json',
            ...(/:(read|apply|admin)$/.test(context.function)
              ? [
                  'Has it these aliases? Its stack makes them with RestrictByOperation=true; "aliases" in hasura-migrate.json asks for them.',
                ]
              : []),
          ],
          cause: thrown,
        },
      );
    case "ExpiredTokenException":
    case "ExpiredToken":
      return access(
        "credentials-expired",
        "The AWS credentials have expired.",
        context.profile === undefined
          ? "aws sso login"
          : `aws sso login --profile ${context.profile}`,
      );
    case "UnrecognizedClientException":
    case "InvalidClientTokenId":
      return access(
        "credentials-invalid",
        `AWS does not know this access key${as}.`,
        `aws sts get-caller-identity${context.profile === undefined ? "" : ` --profile ${context.profile}`}`,
      );
    case "InvalidSignatureException":
    case "SignatureDoesNotMatch":
    case "RequestExpired":
      return access(
        "signature",
        /expired|not yet current/i.test(text)
          ? "AWS refused the request's time: this machine's clock is wrong."
          : "AWS refused the request's signature: the secret key is wrong.",
        "date -u",
      );
    case "TooManyRequestsException":
      return new Failure(
        "unreachable",
        "throttled",
        `AWS has too many requests for ${context.function} (${reasonOf(thrown) ?? "429"}); nothing has run.`,
        {
          hints: [
            "Try again in a minute; if it stays, look at the function's reserved concurrency.",
          ],
          cause: thrown,
        },
      );
    case "RequestTooLargeException":
      return new Failure(
        "usage",
        "request-too-large",
        "The request is larger than Lambda takes (6 MB).",
        { cause: thrown },
      );
    default:
      return brokenSetUp(thrown, name, text, context);
  }
}

/** Answers after which the function certainly has not run: something about it must be mended. */
function brokenSetUp(
  thrown: unknown,
  name: string,
  text: string,
  context: InvokeErrorContext,
): Failure | undefined {
  const status = httpStatusOf(thrown);
  const known =
    /^(ENI|EC2|Subnet|KMS|EFS|Invalid(Subnet|SecurityGroup|Runtime|ZipFile)|CodeArtifact|SnapStart|ResourceConflict|ResourceNotReady)/.test(
      name,
    );
  const badRequest =
    status !== undefined && status >= 400 && status < 500 && name !== "SyntaxError";
  if (!known && !badRequest) return undefined;
  return new Failure(
    "unreachable",
    "function-unavailable",
    `Lambda cannot run ${context.function} (${name}); nothing has run.`,
    {
      cause: new Error(text),
    },
  );
}

function accessDenied(thrown: unknown, text: string, context: InvokeErrorContext): Failure {
  const who = /User: (\S+)/.exec(text)?.[1];
  const action = /perform: (\S+)/.exec(text)?.[1] ?? "lambda:InvokeFunction";
  const resource = /on resource: (\S+)/.exec(text)?.[1] ?? context.function;
  return new Failure(
    "access",
    "access-denied",
    `${who ?? "This identity"} may not ${action} on ${resource}.`,
    {
      hints: [
        `Ask for the permission ${action} on ${resource}, or choose another profile: --profile NAME`,
      ],
      cause: thrown,
    },
  );
}

/** Everything else: the request may have arrived, so it is never sent again. */
function doubtful(thrown: unknown): Failure {
  const status = httpStatusOf(thrown);
  if (errorName(thrown) === "SyntaxError" && status !== undefined) {
    return new Failure(
      "unreachable",
      "outcome-unknown",
      `Something that is not AWS answered (HTTP ${status}, no JSON): a proxy, perhaps. The function may be running.`,
      {
        hints: ["Check HTTPS_PROXY and --endpoint-url."],
        cause: thrown,
      },
    );
  }
  const id = requestIdOf(thrown);
  const answered =
    status === undefined || status < 300
      ? "The connection broke"
      : `Lambda answered with HTTP ${status} (${errorName(thrown)}${id === undefined ? "" : `, request ${id}`})`;
  return new Failure(
    "unreachable",
    "outcome-unknown",
    `${answered}; the function may be running.`,
    { cause: thrown },
  );
}

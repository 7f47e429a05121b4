import { Failure } from "../../../protocol/failure.ts";
import { commandHint, textHint } from "../../../protocol/hint.ts";
import type { Environment } from "../../context.ts";
import { functionReference } from "../../config/parse-function-name.ts";
import { isLoopback } from "../loopback.ts";
import type { Delivery } from "./delivery.ts";
import { networkFailure } from "./network-errors.ts";
import {
  deniedAccess,
  errorCode,
  errorName,
  errorText,
  httpStatusOf,
  isClockError,
  reasonOf,
  requestIdOf,
} from "./sdk-error.ts";

/** The function that is invoked, as messages and hints name it. */
export interface InvocationTarget {
  readonly function: string;
  readonly region: string;
  readonly profile?: string;
  readonly account?: string;
  /** Address of the Lambda service. */
  readonly url: string;
}

/** An error of the invocation as one sentence and the next command (docs/internals/aws-lambda.md, "What is thrown"). */
export async function explainInvocation(
  thrown: unknown,
  target: InvocationTarget,
  delivery: Delivery,
  env: Environment,
): Promise<Failure> {
  if (thrown instanceof Failure) return thrown;
  const network = await networkFailure(thrown, delivery, {
    service: "the Lambda service",
    url: new URL(target.url),
    unreachable: "lambda-unreachable",
    env,
  });
  if (network !== undefined) return network;
  const explained = refused(thrown, target) ?? unavailable(thrown, target);
  return explained ?? (delivery.sent ? outcomeUnknown(thrown) : notSent(thrown));
}

/** Nothing was sent because the SDK could not build the request; the network did not fail. */
function notSent(thrown: unknown): Failure {
  return new Failure(
    "unreachable",
    "lambda-unreachable",
    `The request could not be made (${errorCode(thrown) ?? errorName(thrown)}); nothing was sent.`,
    { hints: [textHint("Check the credentials, the region and the address.")], cause: thrown },
  );
}

type Explain = (thrown: unknown, target: InvocationTarget, action?: string) => Failure;

/** What AWS refused because of who asks; `action` is what was called, where the refusal does not name it. */
export function refusedIdentity(
  thrown: unknown,
  target: InvocationTarget,
  action: string,
): Failure | undefined {
  return identityRefusals.get(errorName(thrown))?.(thrown, target, action);
}

/** A request that AWS refused to start; undefined for any other error. */
function refused(thrown: unknown, target: InvocationTarget): Failure | undefined {
  return refusals.get(errorName(thrown))?.(thrown, target);
}

/** By the error's name. The services name the same refusals differently. */
const identityRefusals: ReadonlyMap<string, Explain> = new Map<string, Explain>([
  ["AccessDeniedException", accessDenied],
  ["AccessDenied", accessDenied],
  ["ExpiredTokenException", credentialsExpired],
  ["ExpiredToken", credentialsExpired],
  ["UnrecognizedClientException", accessKeyUnknown],
  ["InvalidClientTokenId", accessKeyUnknown],
  ["InvalidSignatureException", signatureRejected],
  ["SignatureDoesNotMatch", signatureRejected],
  ["RequestExpired", signatureRejected],
]);
const refusals: ReadonlyMap<string, Explain> = new Map<string, Explain>([
  ...identityRefusals,
  ["ResourceNotFoundException", functionNotFound],
  ["TooManyRequestsException", throttled],
  ["RequestTooLargeException", requestTooLarge],
]);

function credentialsExpired(thrown: unknown, target: InvocationTarget): Failure {
  return new Failure("access", "credentials-expired", "The AWS credentials have expired.", {
    hints: [commandHint(["aws", "sso", "login", ...profileArgs(target)], "if you use SSO")],
    cause: thrown,
  });
}

function accessKeyUnknown(thrown: unknown, target: InvocationTarget): Failure {
  if (isLoopback(target.url))
    return new Failure(
      "access",
      "credentials-invalid",
      `The local service at ${new URL(target.url).host} does not accept this access key.`,
      {
        hints: [
          textHint("Set AWS_ACCESS_KEY_ID to the key that `hasura-migrate local --serve` printed."),
        ],
        cause: thrown,
      },
    );
  return new Failure(
    "access",
    "credentials-invalid",
    `AWS does not recognise this access key${asProfile(target)}.`,
    {
      hints: [commandHint(["aws", "sts", "get-caller-identity", ...profileArgs(target)])],
      cause: thrown,
    },
  );
}

function signatureRejected(thrown: unknown): Failure {
  const message = isClockError(thrown)
    ? "AWS rejected the request's timestamp: this machine's clock is wrong."
    : "AWS rejected the request's signature: the secret key is wrong.";
  return new Failure("access", "signature", message, {
    hints: [commandHint(["date", "-u"], "compare the time")],
    cause: thrown,
  });
}

function requestTooLarge(thrown: unknown): Failure {
  return new Failure(
    "usage",
    "request-too-large",
    "The request is larger than Lambda accepts (6 MB).",
    { cause: thrown },
  );
}

function profileArgs({ profile }: InvocationTarget): string[] {
  return profile === undefined ? [] : ["--profile", profile];
}

function asProfile({ profile }: InvocationTarget): string {
  return profile === undefined ? "" : ` with profile ${profile}`;
}

function functionNotFound(thrown: unknown, target: InvocationTarget): Failure {
  const { region, account } = target;
  const where = account === undefined ? region : `${region}, account ${account}`;
  const alias = functionReference(target.function).qualifier ?? "";
  return new Failure(
    "unreachable",
    "function-not-found",
    `There is no function ${target.function} in ${where}${asProfile(target)}.`,
    {
      hints: [
        commandHint(
          ["aws", "lambda", "list-functions", "--region", region, ...profileArgs(target)],
          "list them",
        ),
        textHint('Set its name with --function, or "function" in hasura-migrate.json.'),
        ...(["read", "apply", "query", "admin"].includes(alias)
          ? [
              textHint(
                `Does the function have the alias ${alias}? The stack creates it only with RestrictByOperation=true, and "aliases" in hasura-migrate.json makes the CLI use it.`,
              ),
            ]
          : []),
      ],
      cause: thrown,
    },
  );
}

function throttled(thrown: unknown, target: InvocationTarget): Failure {
  return new Failure(
    "unreachable",
    "throttled",
    `AWS throttled requests to ${target.function} (${reasonOf(thrown) ?? "429"}); nothing has run.`,
    {
      hints: [
        textHint(
          "Try again in a minute. If it persists, check the function's reserved concurrency.",
        ),
      ],
      cause: thrown,
    },
  );
}

function accessDenied(
  thrown: unknown,
  target: InvocationTarget,
  called = "lambda:InvokeFunction",
): Failure {
  const denied = deniedAccess(thrown);
  const action = denied.action ?? called;
  const resource = denied.resource ?? target.function;
  return new Failure(
    "access",
    "access-denied",
    `${denied.user ?? "This identity"} is not authorized to perform ${action} on ${resource}.`,
    {
      hints: [
        textHint(
          `Ask for the permission ${action} on ${resource}, or choose another profile with --profile.`,
        ),
      ],
      cause: thrown,
    },
  );
}

const setUpErrors =
  /^(ENI|EC2|Subnet|KMS|EFS|Invalid(Subnet|SecurityGroup|Runtime|ZipFile)|CodeArtifact|SnapStart|ResourceConflict|ResourceNotReady)/;

/** A response after which the function certainly has not run: something about the function has to be fixed. */
function unavailable(thrown: unknown, target: InvocationTarget): Failure | undefined {
  const name = errorName(thrown);
  const status = httpStatusOf(thrown);
  // A SyntaxError is a response that is not from AWS: its sender may have passed the request on.
  const isRejection =
    status !== undefined && status >= 400 && status < 500 && name !== "SyntaxError";
  if (!setUpErrors.test(name) && !isRejection) return undefined;
  return new Failure(
    "unreachable",
    "function-unavailable",
    `Lambda cannot run ${target.function} (${name}); nothing has run.`,
    { cause: new Error(errorText(thrown)) },
  );
}

/** Anything else: the request may have arrived, so it is never sent again. */
function outcomeUnknown(thrown: unknown): Failure {
  const status = httpStatusOf(thrown);
  if (errorName(thrown) === "SyntaxError" && status !== undefined) {
    return new Failure(
      "unreachable",
      "outcome-unknown",
      `The response did not come from AWS (HTTP ${status}, not JSON); it may be from a proxy. The function may be running.`,
      { hints: [textHint("Check HTTPS_PROXY and --endpoint-url.")], cause: thrown },
    );
  }
  const id = requestIdOf(thrown);
  const what =
    status === undefined || status < 300
      ? "The connection broke"
      : `Lambda responded with HTTP ${status} (${errorName(thrown)}${id === undefined ? "" : `, request ${id}`})`;
  return new Failure("unreachable", "outcome-unknown", `${what}; the function may be running.`, {
    cause: thrown,
  });
}

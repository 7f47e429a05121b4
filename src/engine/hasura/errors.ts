import { Failure } from "../../protocol/failure.ts";
import { HasuraCallError } from "./client.ts";

/**
 * Whatever a call to Hasura threw, as a failure that says what to do. `doing` completes "while …".
 * A `Failure` passes through; anything else than a `HasuraCallError` is a bug of ours and passes as well.
 */
export function hasuraFailure(error: unknown, doing: string): unknown {
  if (!(error instanceof HasuraCallError)) return error;
  if (error.cause instanceof Failure) return error.cause;
  if (isAccessDenied(error)) return accessDenied(error);
  if (error.outcome === "not-sent") {
    return new Failure(
      "unreachable",
      "hasura-unreachable",
      `Hasura could not be reached while ${doing}.`,
      {
        hints: [
          "check HASURA_MIGRATE_ENDPOINT, and that the function's subnets and security group lead to Hasura",
        ],
        cause: error,
      },
    );
  }
  if (error.status === 404) return notHasura(error, doing);
  if (error.outcome === "unknown") return lostAnswer(error, doing);
  const text = error.database?.message ?? error.message;
  return new Failure(
    "unreachable",
    "hasura-error",
    `Hasura answered with an error while ${doing}: ${text}`,
    { cause: error },
  );
}

/** True where Hasura refused the admin secret. */
export function isAccessDenied(error: HasuraCallError): boolean {
  return error.status === 401 || error.code === "access-denied";
}

/** True where waiting helps: nobody listens yet, or a gateway says that nothing healthy is behind it. */
export function isUnavailable(error: unknown): boolean {
  if (
    !(error instanceof HasuraCallError) ||
    isAccessDenied(error) ||
    error.cause instanceof Failure
  )
    return false;
  if (error.outcome === "not-sent") return true;
  return (
    error.outcome === "unknown" &&
    (error.status === undefined || [500, 502, 503, 504].includes(error.status))
  );
}

function accessDenied(error: HasuraCallError): Failure {
  return new Failure(
    "access",
    "wrong-secret",
    `Hasura refused the admin secret: ${error.message}`,
    {
      hints: [
        "check the secret that HASURA_MIGRATE_ADMIN_SECRET, _ADMIN_SECRET_ARN or _ADMIN_SECRET_PARAMETER gives, against Hasura's HASURA_GRAPHQL_ADMIN_SECRET",
      ],
      cause: error,
    },
  );
}

function notHasura(error: HasuraCallError, doing: string): Failure {
  return new Failure(
    "unreachable",
    "not-hasura",
    `The endpoint does not answer as Hasura does (404) while ${doing}.`,
    {
      hints: ["check HASURA_MIGRATE_ENDPOINT: it is Hasura's own address, without /v1/graphql"],
      cause: error,
    },
  );
}

function lostAnswer(error: HasuraCallError, doing: string): Failure {
  const what =
    error.status === undefined
      ? "The connection to Hasura broke"
      : `Something else than Hasura answered (HTTP ${String(error.status)})`;
  const gateway = error.status !== undefined && error.status >= 500;
  return new Failure(
    "unreachable",
    gateway ? "gateway-error" : "answer-lost",
    `${what} while ${doing}.`,
    {
      hints: gateway
        ? ["look at the load balancer's targets: is Hasura healthy, is its idle time-out too short"]
        : ["check that HASURA_MIGRATE_ENDPOINT is Hasura's own address", "run again"],
      cause: error,
    },
  );
}

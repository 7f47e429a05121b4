import { Failure } from "../../protocol/failure.ts";
import { retryHint, textHint } from "../../protocol/hint.ts";
import { HasuraCallError } from "./client.ts";

/**
 * An error of a call to Hasura as a failure with hints. `doing` completes "while …". A `Failure` is returned as it is, and so is
 * anything that is not a `HasuraCallError`: a bug.
 */
export function hasuraFailure(error: unknown, doing: string): unknown {
  if (!(error instanceof HasuraCallError)) return error;
  if (error.cause instanceof Failure) return error.cause;
  if (isAccessDenied(error)) return accessDenied(error);
  if (error.outcome === "not-sent") return unreachable(error, doing);
  if (error.status === 404) return notHasura(error, doing);
  if (error.outcome === "unknown") return responseLost(error, doing);
  const text = error.database?.message ?? error.message;
  return new Failure(
    "unreachable",
    "hasura-error",
    `Hasura responded with an error while ${doing}: ${text}`,
    { cause: error },
  );
}

/** True if Hasura refused the admin secret. */
export function isAccessDenied(error: HasuraCallError): boolean {
  return error.status === 401 || error.code === "access-denied";
}

/** True if Hasura may just not be up yet: nothing listens, or a gateway has no healthy target. */
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
        textHint(
          "Compare the secret from HASURA_MIGRATE_ADMIN_SECRET, _ADMIN_SECRET_ARN or _ADMIN_SECRET_PARAMETER with Hasura's HASURA_GRAPHQL_ADMIN_SECRET.",
        ),
      ],
      cause: error,
    },
  );
}

function unreachable(error: HasuraCallError, doing: string): Failure {
  return new Failure(
    "unreachable",
    "hasura-unreachable",
    `Hasura could not be reached while ${doing}.`,
    {
      hints: [
        textHint(
          "Check HASURA_MIGRATE_ENDPOINT, and that the function's subnets and security group have a route to Hasura.",
        ),
      ],
      cause: error,
    },
  );
}

function notHasura(error: HasuraCallError, doing: string): Failure {
  return new Failure(
    "unreachable",
    "not-hasura",
    `The endpoint is not a Hasura server: it responded with HTTP 404 while ${doing}.`,
    {
      hints: [
        textHint(
          "Check HASURA_MIGRATE_ENDPOINT: it must be Hasura's own address, without /v1/graphql.",
        ),
      ],
      cause: error,
    },
  );
}

function responseLost(error: HasuraCallError, doing: string): Failure {
  if (error.status !== undefined && error.status >= 500) {
    const message = `A gateway responded instead of Hasura (HTTP ${String(error.status)}) while ${doing}.`;
    return new Failure("unreachable", "gateway-error", message, {
      hints: [
        textHint(
          "Check the load balancer's targets: whether Hasura is healthy, and whether the idle timeout is too short.",
        ),
      ],
      cause: error,
    });
  }
  const what =
    error.status === undefined
      ? "The connection to Hasura was lost"
      : `The response did not come from Hasura (HTTP ${String(error.status)})`;
  return new Failure("unreachable", "answer-lost", `${what} while ${doing}.`, {
    hints: [textHint("Check that HASURA_MIGRATE_ENDPOINT is Hasura's own address."), retryHint()],
    cause: error,
  });
}

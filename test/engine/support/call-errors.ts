import { HasuraCallError } from "../../../src/engine/hasura/client.ts";
import { Failure } from "../../../src/protocol/failure.ts";

type Details = ConstructorParameters<typeof HasuraCallError>[2];

/** A call whose request was not sent. */
export const notSent = (details: Details = {}): HasuraCallError =>
  new HasuraCallError("not-sent", "connect ECONNREFUSED", details);

/** A call that Hasura itself refused. */
export const rejected = (details: Details = {}): HasuraCallError =>
  new HasuraCallError("rejected", "query execution failed", { status: 400, ...details });

/** A call without a response of Hasura's own. */
export const unknown = (details: Details = {}): HasuraCallError =>
  new HasuraCallError("unknown", "the connection was lost", details);

/** Its cause explains the problem, and waiting does not help. */
export const explained = new Failure("unreachable", "unknown-host", "The host is not known.");

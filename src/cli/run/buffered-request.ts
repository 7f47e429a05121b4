import type { Request } from "../../protocol/request.ts";
import { longestFunctionMs, type BufferedRequest } from "../connection/connection.ts";

/** Without streaming, a run is cut into invocations of this length: a connection without a byte for 350 s is dropped on the way. */
const sliceMs = 240_000;
/**
 * For the migration that is in progress at the end of a slice. One that takes longer, or a run that waits for another one, is not
 * waited for with the connection: the ledger shows how it ended, or that it has paused.
 */
const sliceMarginMs = 110_000;

/** The same request for a response that cannot be streamed. */
export function bufferedRequest(request: Request): BufferedRequest {
  const sliced = inSlices(request);
  const endsEarly = sliced !== request && !mayRunOn(request);
  return {
    payload: JSON.stringify(sliced),
    limitMs: endsEarly ? sliceMs + sliceMarginMs : longestFunctionMs,
  };
}

/** `seed --again` does not pause if a database has no ledger, which only the function knows, and then nothing shows how it ended. */
function mayRunOn(request: Request): boolean {
  return request.operation === "seed" && request.options.again === true;
}

/** The request with the length of a slice, if its operation can pause. */
function inSlices(request: Request): Request {
  switch (request.operation) {
    case "apply":
      return { ...request, options: { ...request.options, sliceMs } };
    case "down":
      return { ...request, options: { ...request.options, sliceMs } };
    case "reset-to":
      return { ...request, options: { ...request.options, sliceMs } };
    case "seed":
      return { ...request, options: { ...request.options, sliceMs } };
    default:
      return request;
  }
}

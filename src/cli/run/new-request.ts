import { v7 } from "uuid";
import { checkedOnce } from "../../protocol/checked-once.ts";
import { countedQueries, type Operation } from "../../protocol/operations.ts";
import { Request } from "../../protocol/request.ts";
import { statusColumns } from "../../protocol/status-columns.ts";
import type { UploadEnvelope } from "../../protocol/upload.ts";
import { contractVersion } from "../../protocol/version.ts";

/** A request of a new run, made at `now` (epoch milliseconds). */
export function newRequest(
  {
    environment,
    actor,
    operation,
    options = {},
    upload,
    metadata,
    seeds,
    countsQueries = false,
  }: {
    readonly environment: string;
    readonly actor: Request["actor"];
    readonly operation: Operation;
    readonly options?: object;
    readonly upload?: UploadEnvelope | undefined;
    readonly metadata?: UploadEnvelope | undefined;
    readonly seeds?: UploadEnvelope | undefined;
    /** `history`: runs of `sql` are counted instead of listed. */
    readonly countsQueries?: boolean | undefined;
  },
  now: number,
): Request {
  return Request.parse(
    {
      contract: contractVersion,
      runId: v7({ msecs: now }),
      ...{ environment, actor, operation, options },
      ...(upload && { upload }),
      ...(metadata && { metadata }),
      ...(seeds && { seeds }),
      ...(operation === "status" && { accept: [statusColumns] }),
      ...(countsQueries && { accept: [countedQueries] }),
    },
    checkedOnce,
  );
}

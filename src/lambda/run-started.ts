import { packageVersion } from "../package-version.ts";
import type { EventOf } from "../protocol/events.ts";
import type { Request } from "../protocol/request.ts";
import type { UploadedDirectory } from "../protocol/run-source.ts";
import { contractVersion, oldestContract } from "../protocol/version.ts";
import { nativeOperations, storeKind } from "./open-store.ts";
import { cliOperations } from "./hasura-cli/engine.ts";
import type { LambdaContext } from "./lambda-context.ts";
import type { Settings } from "./settings.ts";

interface Facts {
  readonly request: Request;
  readonly settings: Settings;
  readonly context: LambdaContext;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly hasuraVersion?: string;
  readonly upload?: { readonly from: UploadedDirectory };
}

/** The first event of a run: what serves it, for which environment, and what it supports. */
export function runStarted({
  request,
  settings,
  context,
  at,
  hasuraVersion,
  upload,
}: Facts): EventOf<"run.started"> {
  return {
    type: "run.started",
    runId: request.runId,
    environment: request.environment,
    operation: request.operation,
    contract: { newest: contractVersion, oldest: oldestContract },
    operations: [...(settings.engine === "native" ? nativeOperations(settings) : cliOperations)],
    requestId: context.awsRequestId,
    function: {
      name: context.functionName,
      version: context.functionVersion,
      package: packageVersion,
      arn: context.invokedFunctionArn,
    },
    image: settings.image,
    hasura: { ...(hasuraVersion !== undefined && { version: hasuraVersion }) },
    engine: settings.engine,
    store: storeKind(settings),
    migrationSource: upload ? "upload" : "image",
    ...(upload && { upload: upload.from }),
    protected: settings.protected,
    at: new Date(at).toISOString(),
  };
}

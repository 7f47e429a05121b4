import type { Request } from "../protocol/request.ts";
import { statementHash } from "../engine/query/statement-hash.ts";
import type { LambdaContext } from "./lambda-context.ts";
import type { Log } from "./log.ts";
import { qualifierOf } from "./permission.ts";
import type { Uploads } from "./project-sources.ts";

/** Logs who asks for what: never SQL, nor the content of an upload. */
export function logRequest(
  { operation, environment, actor, options }: Request,
  { upload, metadata, seeds }: Uploads,
  { invokedFunctionArn }: LambdaContext,
  log: Log,
): void {
  log.info("request", {
    operation,
    environment,
    actor,
    options: loggedOptions(options),
    ...(upload && { upload: { ...upload.from, migrations: upload.migrations.length } }),
    ...(metadata && { metadata: metadata.from }),
    ...(seeds && { seeds: { ...seeds.from, files: seeds.seeds.length } }),
    qualifier: qualifierOf(invokedFunctionArn) ?? null,
  });
}

/** Like the history, the log contains a statement's hash, never its text. */
function loggedOptions(options: Request["options"]): object {
  if (!("sql" in options)) return options;
  const { sql, ...others } = options;
  return { ...others, statement: statementHash(sql) };
}

import type { LambdaContext } from "../lambda-context.ts";

const consoles: Readonly<Record<string, string>> = {
  aws: "console.aws.amazon.com",
  "aws-cn": "console.amazonaws.cn",
  "aws-us-gov": "console.amazonaws-us-gov.com",
};

/** Of the local Lambda service, whose log is in no console. */
const localAccount = "000000000000";

/**
 * The console's page with the run's lines in the log of the function or the task, from its start on (docs/internals/aws-lambda.md, "Address of a log
 * in the console"). Undefined where the runtime names no log, or for a partition whose console is not known.
 */
export function logAddress(
  { invokedFunctionArn, containerArn, logGroupName }: LambdaContext,
  runId: string,
  startedAt: number,
): string | undefined {
  const [, partition = "", , region = "", account = ""] = (
    containerArn ?? invokedFunctionArn
  ).split(":");
  const host = consoles[partition];
  if (host === undefined || logGroupName === undefined || account === localAccount)
    return undefined;
  if (!/^[a-z0-9-]+$/.test(region)) return undefined;
  const group = escaped(encodeURIComponent(logGroupName));
  const query = `?filterPattern=${encodeURIComponent(`"${runId}"`)}&start=${String(startedAt)}`;
  return `https://${region}.${host}/cloudwatch/home?region=${region}#logsV2:log-groups/log-group/${group}/log-events${escapedQuery(query)}`;
}

/** The console's own spelling behind the hash: percent signs become `$25`. */
function escaped(text: string): string {
  return text.replaceAll("%", "$25");
}

/** `?`, `=` and `&` as well. */
function escapedQuery(text: string): string {
  return escaped(text).replaceAll("?", "$3F").replaceAll("=", "$3D").replaceAll("&", "$26");
}

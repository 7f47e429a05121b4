import type { EventOf, RunEvent } from "../../../protocol/events.ts";
import { Failure, fromFailureData } from "../../../protocol/failure.ts";
import type { UnknownEvent } from "../../../protocol/ndjson.ts";
import type { Actor } from "../../../protocol/request.ts";
import type { LoadedConfig } from "../../config/load.ts";
import type { ConnectStep } from "../../connection/aws/connect.ts";
import type { SharedCredentials } from "../../connection/aws/shared-credentials.ts";
import type { Connection, FunctionFacts } from "../../connection/connection.ts";
import type { CommandContext } from "../../context.ts";
import type { TargetOptions } from "../../options/schemas.ts";
import { duration } from "../../output/format.ts";
import { imageLabel } from "../../output/views/banner.ts";
import {
  connectRun,
  prepareRun,
  type ConnectionPresenter,
  type OperationSpec,
  type PreparedRun,
} from "../environment-run.ts";
import { sendRun } from "../perform-run.ts";
import { checkTask, taskCheck } from "./check-task.ts";
import type { CheckList } from "./checks.ts";

const spec: OperationSpec<"doctor"> = { operation: "doctor", options: {} };

/** The checks of connecting to AWS, and those that need a connection. */
const awsChecks: readonly ConnectStep[] = ["profile", "region", "credentials"];
const functionChecks = ["function", "invocation"] as const;
/** Warn if the clock is off by more than this: AWS rejects signatures after five minutes. */
const clockOffMs = 60_000;

export interface CheckedEnvironment {
  readonly environment: string;
  readonly loaded: LoadedConfig;
  readonly options: TargetOptions;
  readonly credentials: SharedCredentials;
  readonly actor: Actor;
  readonly presenter: ConnectionPresenter;
}

/** Checks everything between this machine and the databases of one environment, in dependency order. */
export async function checkEnvironment(
  context: CommandContext,
  checked: CheckedEnvironment,
  checks: CheckList,
): Promise<void> {
  const { environment, loaded, options } = checked;
  const prepared = await checks.make(
    "environment",
    async () => prepareRun(context, options, spec, { environment, loaded }),
    ({ target, protected: guarded }) =>
      `${target === undefined ? "embedded, on this machine" : `function ${target.function}`}${guarded ? ", protected" : ""}`,
  );
  if (!prepared) {
    checks.skipped([...awsChecks, ...functionChecks]);
    return;
  }
  const connection = await connectionOf(context, checked, prepared, checks);
  if (!connection) return;
  try {
    const task = prepared.target?.task;
    if (task) await checkTask(task, connection, context.interrupts.first, checks);
    if (await checkFunction(context, connection, prepared, checks))
      await checkInvocation(context, checked, { prepared, connection, checks });
    else checks.skipped(["invocation"]);
  } finally {
    await connection.close();
  }
}

/** Reports each step of connecting; the one after the last that succeeded is the one that failed. */
async function connectionOf(
  context: CommandContext,
  { options, credentials, presenter }: CheckedEnvironment,
  prepared: PreparedRun,
  checks: CheckList,
): Promise<Connection | undefined> {
  const steps: readonly string[] = prepared.target ? awsChecks : ["local"];
  let done = 0;
  try {
    const connection = await connectRun(context, options, spec, {
      ...{ prepared, presenter, credentials },
      onStep: (step, found) => {
        done += 1;
        checks.ok(step, found);
      },
    });
    if (!prepared.target) checks.ok("local", "started");
    return connection;
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    const [failed = "credentials", ...later] = steps.slice(done);
    checks.failure(failed, thrown);
    checks.skipped([...later, ...(prepared.target?.task ? [taskCheck] : []), ...functionChecks]);
    return undefined;
  }
}

/**
 * Checks whether the function exists and is ready. A caller who may invoke it may not be allowed to look. Resolves to false if it
 * cannot be invoked either.
 */
async function checkFunction(
  context: CommandContext,
  connection: Connection,
  { target }: PreparedRun,
  checks: CheckList,
): Promise<boolean> {
  if (!target) return true;
  try {
    const facts = await connection.describe(context.interrupts.first);
    const words = describeFacts(facts);
    if (facts.state === "Active") checks.ok("function", words);
    else
      checks.warning(
        "function",
        `${words}: ${facts.state}${facts.reason ? `, ${facts.reason}` : ""}`,
      );
  } catch (thrown) {
    return checks.unread(
      "function",
      thrown,
      "no permission to read its configuration (lambda:GetFunctionConfiguration); this permission is optional",
    );
  }
  return true;
}

function describeFacts({ version, memoryMb, timeoutSeconds }: FunctionFacts): string {
  const parts = [
    version === undefined || version === "$LATEST" ? "exists" : `version ${version}`,
    ...(memoryMb === undefined ? [] : [`${memoryMb} MB`]),
    ...(timeoutSeconds === undefined ? [] : [`timeout ${duration(timeoutSeconds * 1000)}`]),
  ];
  return parts.join(", ");
}

/** Runs the function's own checks, and reports that it could be run, and how. */
async function checkInvocation(
  context: CommandContext,
  { presenter, actor }: CheckedEnvironment,
  of: {
    readonly prepared: PreparedRun;
    readonly connection: Connection;
    readonly checks: CheckList;
  },
): Promise<void> {
  const { prepared, connection, checks } = of;
  try {
    const { closing, run } = await sendRun(
      context,
      spec,
      { prepared, presenter, connection, actor },
      {},
      (event) => {
        if (event.type === "run.started") reportStarted(event, connection, context, checks);
        reportCheck(event, checks);
      },
    );
    if (run.started === undefined && closing.type === "run.failed")
      checks.failure("invocation", fromFailureData(closing.failure));
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    checks.failure("invocation", thrown);
  }
}

function reportStarted(
  event: EventOf<"run.started">,
  connection: Connection,
  { now }: CommandContext,
  checks: CheckList,
): void {
  const image = imageLabel(event, now());
  const words = [
    `hasura-migrate ${event.function.package}`,
    ...(image === "" ? [] : [image]),
    connection.streams()
      ? "streams"
      : "responses are not streamed: output appears when it has finished",
  ].join(", ");
  if (connection.streams()) checks.ok("invocation", words);
  else checks.warning("invocation", words);
  const off = now() - Date.parse(event.at);
  if (Math.abs(off) > clockOffMs)
    checks.warning(
      "clock",
      `this machine's clock is ${duration(Math.abs(off))} ${off > 0 ? "ahead of" : "behind"} the function's: AWS rejects requests that are more than 5 minutes off`,
    );
  else checks.ok("clock", "in sync with the function's");
}

function reportCheck(event: RunEvent | UnknownEvent, checks: CheckList): void {
  if (event.type !== "check") return;
  const { name, state, message, tookMs, failure } = event;
  checks.add({
    ...{ name, state, message, tookMs },
    ...(failure && { failure: fromFailureData(failure) }),
  });
}

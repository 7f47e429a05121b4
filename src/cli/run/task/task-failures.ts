import { Failure } from "../../../protocol/failure.ts";
import { retryHint, runHint, textHint, type Hint } from "../../../protocol/hint.ts";
import type { Task, TaskStop } from "../../connection/task-runner.ts";
import type { RunState } from "../run-state.ts";

/** The ledger shows no end of the run and no sign of life: the task's process was killed. What it was doing is looked up. */
export function taskKilled(readLog: Hint, stop: TaskStop = unknownStop): Failure {
  return new Failure(
    "unreachable",
    "task-killed",
    `The ECS task stopped without reporting how the run ended${endOf(stop)}.`,
    {
      hints: [
        ...(isOutOfMemory(stop) ? [textHint("Raise the memory of the task definition.")] : []),
        readLog,
      ],
    },
  );
}

/** Where ECS does not know the task, or may not be asked. */
const unknownStop: TaskStop = { code: undefined, reason: undefined, exitCode: undefined };

/** The task ended before it had read the ledger, and its log does not say why, or cannot be read. */
export function taskNotStarted({ id }: Task, readLog: Hint, stop: TaskStop): Failure {
  const reason = stop.reason ?? "";
  return new Failure(
    "unreachable",
    "task-not-started",
    `The ECS task stopped before the run began${endOf(stop)}; nothing has run.`,
    {
      hints: [
        ...(/pull|ResourceInitialization/i.test(reason) ? [pullHint] : []),
        textHint(`See the task ${id} in the ECS console.`),
        readLog,
        retryHint({ with: ["--runner", "lambda"], reason: "to run in the function instead" }),
      ],
    },
  );
}

const pullHint = textHint(
  "The task's subnets need a route to ECR, S3 and CloudWatch Logs: NAT, or interface endpoints and a gateway endpoint.",
);

/** The task may go on; only the ledger can tell, and it cannot be read (`cause`) or does not show the run. */
export function cannotFollow(
  { request: { runId, environment } }: RunState,
  cause?: Failure,
): Failure {
  return new Failure(
    "unreachable",
    "task-not-followed",
    `Lost track of the ECS task of run ${runId}; it may still be running.`,
    {
      hints: [
        runHint(["history", environment, "--run", runId], "to check on it"),
        ...(cause?.hints ?? []),
      ],
      cause,
    },
  );
}

function isOutOfMemory({ reason = "", exitCode }: TaskStop): boolean {
  return reason.startsWith("OutOfMemory") || exitCode === 137;
}

function endOf({ code, reason, exitCode }: TaskStop): string {
  const parts = [
    ...(exitCode === undefined ? [] : [`exit code ${String(exitCode)}`]),
    ...(reason === undefined ? (code === undefined ? [] : [code]) : [reason.replace(/\.$/, "")]),
  ];
  return parts.length === 0 ? "" : ` (${parts.join("; ")})`;
}

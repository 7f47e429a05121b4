import type { ClosingEvent } from "../../protocol/events.ts";
import { Failure } from "../../protocol/failure.ts";
import type { Operation } from "../../protocol/operations.ts";
import type { CommandContext } from "../context.ts";
import {
  fingerprintIn,
  isNothingToDo,
  previewAfter,
  type PreviewEvent,
} from "../output/preview-event.ts";
import { questionFor } from "../output/views/preview.ts";
import { ask } from "./confirm.ts";
import type { FollowedRun } from "./follow-run.ts";
import type { RunPresenter } from "./run-presenter.ts";

export interface AskedRun {
  readonly context: CommandContext;
  readonly presenter: RunPresenter;
  readonly environment: string;
  readonly protected: boolean;
  readonly operation: Operation;
  readonly markAs?: "applied" | "pending" | undefined;
  /** Runs the operation with these options added to its own. */
  readonly send: (
    more: {
      readonly dryRun?: true;
      readonly confirm?: string;
      readonly expectedPlan?: string;
    },
    onEvent: RunPresenter["event"],
  ) => Promise<FollowedRun>;
}

/** Give up after showing this many plans: somebody else keeps changing the database. */
const mostQuestions = 3;

/**
 * Shows what would be done, asks, and does exactly that: the plan's fingerprint travels with the confirmation, and where the
 * plan is another one by then it is shown, and asked about, again. Throws `usage/declined`.
 */
export async function askThenRun(asked: AskedRun): Promise<FollowedRun> {
  const { context, presenter, send } = asked;
  for (let questions = 1; ; questions += 1) {
    const preview = await previewOf(asked);
    if (isOver(preview.followed.closing)) {
      // A plan that is refused because of its risks is part of the refusal.
      if (preview.event) presenter.preview(preview.event);
      return preview.followed;
    }
    if (preview.event === undefined) throw noPlan();
    if (isNothingToDo(preview.event)) {
      presenter.nothingToDo(preview.event);
      return preview.followed;
    }
    presenter.preview(preview.event);
    const confirm = await ask(context, asked, questionFor(preview.event, asked));
    presenter.waitingAfterSilence("waiting for the function …");
    const fingerprint = fingerprintIn(preview.event);
    const followed = await send(
      {
        ...(confirm !== undefined && { confirm }),
        ...(fingerprint !== undefined && { expectedPlan: fingerprint }),
      },
      presenter.event,
    );
    const change = planChange(followed.closing);
    if (questions >= mostQuestions || change === undefined) return followed;
    presenter.notice(`! ${change} This is the new one:`);
  }
}

/** Does a dry run; resolves to what would be done, and how the dry run ended. */
export async function previewOf({
  presenter,
  send,
}: Pick<AskedRun, "send"> & {
  readonly presenter: Pick<RunPresenter, "previewEvent">;
}): Promise<{
  readonly followed: FollowedRun;
  readonly event: PreviewEvent | undefined;
}> {
  let shown: PreviewEvent | undefined;
  const followed = await send({ dryRun: true }, (event) => {
    shown = previewAfter(shown, event);
    presenter.previewEvent(event);
  });
  return { followed, event: shown };
}

function noPlan(): Failure {
  return new Failure(
    "unreachable",
    "no-answer",
    "The function did not return a plan; nothing was changed.",
  );
}

function isOver(closing: ClosingEvent): boolean {
  return closing.type === "run.failed" || closing.cancelled === true;
}

/** Says that the plan has changed since it was shown; undefined if the run did not end because of that. */
function planChange(closing: ClosingEvent): string | undefined {
  if (closing.type !== "run.failed" || closing.failure.code !== "plan-changed") return undefined;
  return closing.failure.message;
}

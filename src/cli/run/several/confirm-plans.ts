import { Failure } from "../../../protocol/failure.ts";
import type { CommandContext } from "../../context.ts";
import type { Interrupts } from "../cancellation.ts";
import { severalQuestion } from "../../output/views/preview.ts";
import type { SeveralRenderer } from "../../output/several/several-renderer.ts";
import { fingerprintIn, isNothingToDo, type PreviewEvent } from "../../output/preview-event.ts";
import { previewOf } from "../ask-then-run.ts";
import { ask } from "../confirm.ts";
import type { OperationSpec } from "../environment-run.ts";
import { resultOf, sendRun } from "../perform-run.ts";
import { losesData } from "../unconfirmed-loss.ts";
import type { ForEachMember, Member } from "./member.ts";

interface Confirming {
  readonly context: CommandContext;
  readonly spec: OperationSpec;
  readonly renderer: SeveralRenderer;
  readonly forEach: ForEachMember;
}

/**
 * Shows the plan of every environment that has to be confirmed, or that would lose data, and asks one question about all of them. An
 * environment that has to be confirmed, but whose plan cannot be shown or is empty, has ended afterwards. Throws `usage/declined`.
 */
export async function confirmPlans(
  members: readonly Member[],
  confirming: Confirming,
): Promise<void> {
  const { context, spec, renderer, forEach } = confirming;
  const open = members.filter(
    (member) => member.isToBeAsked || (spec.operation === "apply" && member.asksAboutLoss),
  );
  if (open.length === 0) return;
  const previews = new Map<Member, PreviewEvent>();
  const left = new Set(open.map(({ environment }) => environment));
  const planning = (): string => `planning ${[...left].join(", ")} …`;
  renderer.waiting(planning());
  await forEach(open, async (member) => {
    const event = await (member.isToBeAsked ? preview : lossyPlan)(member, confirming);
    if (event) previews.set(member, event);
    left.delete(member.environment);
    if (left.size > 0) renderer.stillWaiting(planning());
  });
  if (context.interrupts.first.aborted)
    throw new Failure("interrupted", "interrupted", "Interrupted; nothing was changed.");
  const shown = open.flatMap((member) => {
    const event = previews.get(member);
    return event ? [{ member, event }] : [];
  });
  if (shown.length === 0) return;
  for (const { member, event } of shown) renderer.preview(member.environment, event);
  const guarded = shown.filter(({ member }) => member.prepared.protected);
  await ask(
    context,
    {
      environment: guarded.map(({ member }) => member.environment).join(" "),
      protected: guarded.length > 0,
    },
    severalQuestion(
      shown.map(({ member, event }) => ({ environment: member.environment, event })),
      { operation: spec.operation, markAs: "as" in spec.options ? spec.options.as : undefined },
    ),
  );
  for (const { member, event } of shown) confirmAs(member, event);
}

function confirmAs(member: Member, event: PreviewEvent): void {
  const fingerprint = fingerprintIn(event);
  member.confirm({
    kind: "given",
    ...(member.prepared.protected && { name: member.environment }),
    ...(fingerprint !== undefined && { expectedPlan: fingerprint }),
  });
}

/** How long the others wait for a plan that need not be confirmed. A function that starts takes a few seconds. */
const longestPlanMs = 15_000;

/**
 * The plan of an environment if it loses data that the command line does not allow. One that cannot be planned, or not in time, is not
 * asked about: its run reports why, or is refused if it would lose data.
 */
async function lossyPlan(
  member: Member,
  { context, spec }: Confirming,
): Promise<PreviewEvent | undefined> {
  const { options } = spec;
  const allow = "allow" in options ? (options.allow ?? []) : [];
  const found = await member.consider(async (ready) =>
    hungUpAfter(longestPlanMs, context, async (limited) =>
      previewOf({
        presenter: { previewEvent: () => undefined },
        send: (more, onEvent) => sendRun(limited, spec, ready, more, onEvent),
      }),
    ),
  );
  if (found === undefined) member.confirm({ kind: "given" });
  return found?.event && losesData(found.event, allow) ? found.event : undefined;
}

/** Does `work` with a context that ends it after `ms` milliseconds, as if the terminal were closed. */
async function hungUpAfter<T>(
  ms: number,
  context: CommandContext,
  work: (limited: CommandContext) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const stop = context.every(ms, () => late.abort());
  const { first, listen } = context.interrupts;
  const interrupts: Interrupts = {
    first: AbortSignal.any([first, late.signal]),
    listen: (listener) => {
      const hangUp = (): void => listener("hangup");
      const stopListening = listen(listener);
      if (late.signal.aborted) hangUp();
      late.signal.addEventListener("abort", hangUp);
      return () => {
        stopListening();
        late.signal.removeEventListener("abort", hangUp);
      };
    },
  };
  try {
    return await work({ ...context, interrupts });
  } finally {
    stop();
  }
}

/** What would be done; undefined where the environment has ended: it failed, or there is nothing to do. */
async function preview(
  member: Member,
  { context, spec }: Confirming,
): Promise<PreviewEvent | undefined> {
  const { presenter } = member;
  let found: PreviewEvent | undefined;
  await member.attempt(async (ready) => {
    const { followed, event } = await previewOf({
      presenter,
      send: (more, onEvent) => sendRun(context, spec, ready, more, onEvent),
    });
    const { closing } = followed;
    if (closing.type === "run.failed" || closing.cancelled === true || event === undefined) {
      const result = await resultOf(followed, spec, presenter);
      await presenter.closing(closing, result);
      return result;
    }
    if (isNothingToDo(event)) {
      presenter.nothingToDo(event);
      await presenter.closing(closing, "done");
      return "done";
    }
    found = event;
    return undefined;
  });
  return found;
}

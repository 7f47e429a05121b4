import type { CommandContext } from "../../context.ts";
import type { SeveralRenderer } from "../../output/several/several-renderer.ts";
import type { ForEachMember, Member, SharedParts } from "./member.ts";

/** Why an environment is not started after Ctrl-C. */
const interrupted = "interrupted";

interface Staging {
  readonly stages: readonly (readonly string[])[];
  readonly context: CommandContext;
  readonly shared: SharedParts;
  readonly forEach: ForEachMember;
}

/**
 * Runs the members of each stage, until one of an earlier stage has not succeeded. After Ctrl-C none is started: those that wait
 * are shown as skipped at once, not when the runs in progress have ended.
 */
export async function runStages(members: readonly Member[], staging: Staging): Promise<void> {
  const { context, shared } = staging;
  const { first } = context.interrupts;
  const skipAll = (): void => {
    for (const { environment } of members) skip(shared.renderer, environment, interrupted);
  };
  first.addEventListener("abort", skipAll);
  try {
    await runEachStage(members, staging);
  } finally {
    first.removeEventListener("abort", skipAll);
  }
}

async function runEachStage(
  members: readonly Member[],
  { stages, context, shared, forEach }: Staging,
): Promise<void> {
  const failFast = shared.options.failFast === true;
  let blockedBy: string | undefined;
  for (const stage of stages) {
    const own = members.filter(({ environment }) => stage.includes(environment));
    await forEach(own, async (member) => {
      if (member.result !== undefined) return;
      const failed = blockedBy ?? (failFast ? failedName(own) : undefined);
      const reason = context.interrupts.first.aborted
        ? interrupted
        : failed && `${failed} did not succeed`;
      if (reason === undefined) await member.run();
      else skip(shared.renderer, member.environment, reason);
    });
    blockedBy ??= failedName(own);
  }
}

/** Shows that an environment is not started, where it waits. */
function skip({ views }: SeveralRenderer, environment: string, reason: string): void {
  const isWaiting = views.all.some(
    (view) => view.environment === environment && view.phase === "waiting",
  );
  if (isWaiting) views.change(environment, { type: "skipped", reason });
}

/** The first one that has ended, and not well. */
function failedName(members: readonly Member[]): string | undefined {
  return members.find(({ result }) => result !== undefined && result !== "done")?.environment;
}

import { Failure } from "../../protocol/failure.ts";
import { webhookProblem } from "../../protocol/notification-settings.ts";
import type { StoredSecret } from "../secrets/stored-secret.ts";
import type { Settings } from "../settings.ts";
import type { PutEvent } from "./event-bridge.ts";
import { changesOf, type RunFacts } from "./run-facts.ts";
import type { RunReport } from "./run-report.ts";
import { slackText } from "./slack-text.ts";
import { NotSent, postToWebhook, type Attempts } from "./webhook.ts";

/** What announcing a run's end needs from outside. */
export interface Channels {
  readonly webhookAddress: StoredSecret;
  readonly putEvent: PutEvent;
  readonly sleep: Attempts["sleep"];
}

/** A channel that could not be reached; `reason` never holds its address. */
export interface Unannounced {
  readonly to: "webhook" | "event bus";
  readonly reason: string;
}

/** Whether a run's end is announced. A run that was refused never is: it did nothing, and its caller knows. */
export function isAnnounced(
  { outcome }: Pick<RunReport, "outcome">,
  facts: RunFacts,
  { on }: Settings["notifications"],
): boolean {
  if (outcome === "refused") return false;
  if (outcome === "failed" || on === "all") return true;
  return on === "changes" && (changesOf(facts) > 0 || outcome === "cancelled");
}

/** Announces a run's end on every channel that is set, all at once. Never rejects and never takes longer than `withinMs`. */
export async function announce(
  report: RunReport,
  { webhook, eventBus }: Settings["notifications"],
  { webhookAddress, putEvent, sleep }: Channels,
  withinMs: number,
): Promise<readonly Unannounced[]> {
  const attempts: Attempts = { signal: AbortSignal.timeout(withinMs), sleep };
  const bounded = async (
    to: Unannounced["to"],
    send: () => Promise<void>,
  ): Promise<readonly Unannounced[]> => {
    try {
      await Promise.race([send(), rejectedAt(attempts.signal)]);
      return [];
    } catch (error) {
      return [{ to, reason: reasonOf(error, attempts.signal, withinMs) }];
    }
  };
  const problems = await Promise.all([
    webhook.from === "none"
      ? []
      : bounded("webhook", async () => {
          const address = await usableAddress(webhookAddress);
          await postToWebhook(address, slackText(report), attempts);
        }),
    eventBus === undefined ? [] : bounded("event bus", () => putEvent(eventBus, report, attempts)),
  ]);
  return problems.flat();
}

async function usableAddress(webhookAddress: StoredSecret): Promise<string> {
  const address = (await webhookAddress.get()) ?? "";
  const problem = webhookProblem(address);
  if (problem !== undefined) throw new NotSent(`its stored address ${problem}`);
  return address;
}

function rejectedAt(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new NotSent("no response")), { once: true });
  });
}

function reasonOf(error: unknown, signal: AbortSignal, withinMs: number): string {
  if (signal.aborted) return `no response within ${(withinMs / 1000).toFixed(1)} s`;
  if (error instanceof NotSent || error instanceof Failure) return error.message;
  // Such as missing credentials; the message of an unknown error may hold an address.
  return error instanceof Error ? error.name : "an unknown error";
}

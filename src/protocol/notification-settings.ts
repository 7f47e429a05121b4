import * as z from "zod";

const notifyOnValues = ["changes", "failures", "all"] as const;

/**
 * What is wrong with the address of a webhook, as the end of a sentence that begins with its variable; never with the address.
 * Undefined for one that can be used: https, or http on this machine.
 */
export function webhookProblem(address: string): string | undefined {
  if (!URL.canParse(address)) return noWebhook;
  const { protocol, hostname, username, password } = new URL(address);
  if (username !== "" || password !== "") return "must not contain a user name or password";
  if (protocol === "https:" || (protocol === "http:" && isLoopback(hostname))) return undefined;
  return noWebhook;
}

const noWebhook = "must be an https:// URL (http:// only for this machine)";

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** `HASURA_MIGRATE_NOTIFY_URL`. */
export const WebhookAddress = z
  .string()
  .trim()
  .min(1, "is empty")
  .superRefine((value, context) => {
    const problem = webhookProblem(value);
    if (problem !== undefined) context.addIssue(problem);
  });

/** `HASURA_MIGRATE_NOTIFY_ON`: which ends of runs are announced: of those that changed something or failed, of failed ones, or of all. */
export const NotifyOn = z.enum(notifyOnValues, {
  error: `must be one of ${notifyOnValues.join(", ")}`,
});

export type NotifyOn = z.infer<typeof NotifyOn>;

/** The variables that `local --serve` passes on to the function. */
export const NotificationVariables = z.object({
  HASURA_MIGRATE_NOTIFY_URL: WebhookAddress.optional(),
  HASURA_MIGRATE_NOTIFY_ON: NotifyOn.optional(),
});

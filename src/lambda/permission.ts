import { Failure } from "../protocol/failure.ts";
import { operations, type Operation } from "../protocol/request.ts";
import type { Unqualified } from "./settings.ts";

type Grant = Exclude<Unqualified, "refuse">;

const reading = ["status", "plan", "history", "ping"] as const satisfies readonly Operation[];

/** What each alias allows. IAM decides who may call an alias; this table decides what the alias is for (design section 7). */
export const allowedBy: Readonly<Record<Grant, readonly Operation[]>> = {
  read: reading,
  apply: [...reading, "apply", "cancel"],
  admin: operations,
};

/** The alias or version at the end of `arn:aws:lambda:region:account:function:name[:qualifier]`. */
export function qualifierOf(invokedFunctionArn: string): string | undefined {
  return invokedFunctionArn.split(":")[7];
}

/** Throws access/operation-not-allowed unless the function as it was called may do this. */
export function checkPermission(
  operation: Operation,
  invokedFunctionArn: string,
  unqualified: Unqualified,
): void {
  const qualifier = qualifierOf(invokedFunctionArn);
  const grant = qualifier !== undefined && isGrant(qualifier) ? qualifier : unqualified;
  if (grant !== "refuse" && allowedBy[grant].includes(operation)) return;
  const alias =
    (["read", "apply", "admin"] as const).find((name) => allowedBy[name].includes(operation)) ??
    "admin";
  const called = qualifier === undefined ? "without an alias" : `as "${qualifier}"`;
  throw new Failure(
    "access",
    "operation-not-allowed",
    `The function was called ${called}, which does not allow ${operation}.`,
    {
      hints: [
        `call its alias "${alias}": "aliases": true in hasura-migrate.json, and permission to invoke ${baseOf(invokedFunctionArn)}:${alias}`,
      ],
    },
  );
}

function isGrant(qualifier: string): qualifier is Grant {
  return Object.hasOwn(allowedBy, qualifier);
}

function baseOf(arn: string): string {
  return arn.split(":").slice(0, 7).join(":");
}

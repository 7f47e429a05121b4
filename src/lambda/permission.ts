import { Failure } from "../protocol/failure.ts";
import { textHint } from "../protocol/hint.ts";
import {
  isAllowed,
  operations,
  permissions,
  type Operation,
  type Permission,
} from "../protocol/operations.ts";
import type { Unqualified } from "./settings.ts";

/** The alias or version at the end of `arn:aws:lambda:region:account:function:name[:qualifier]`. */
export function qualifierOf(invokedFunctionArn: string): string | undefined {
  return invokedFunctionArn.split(":")[7];
}

/** Throws access/operation-not-allowed unless the alias that was called allows the operation. */
export function checkPermission(
  operation: Operation,
  invokedFunctionArn: string,
  unqualified: Unqualified,
): void {
  const qualifier = qualifierOf(invokedFunctionArn);
  const permission = qualifier !== undefined && isPermission(qualifier) ? qualifier : unqualified;
  if (permission !== "refuse" && isAllowed(permission, operation)) return;
  if (invokedFunctionArn === "") throw notAllowedInTask(operation, unqualified);
  const alias = operations[operation].permission;
  const called = qualifier === undefined ? "without an alias" : `as "${qualifier}"`;
  throw new Failure(
    "access",
    "operation-not-allowed",
    `The function was called ${called}, which does not permit ${operation}.`,
    {
      hints: [
        textHint(
          `Call its alias "${alias}": set "aliases": true in hasura-migrate.json, and allow lambda:InvokeFunction on ${baseOf(invokedFunctionArn)}:${alias}.`,
        ),
      ],
    },
  );
}

/** A task has no alias. */
function notAllowedInTask(operation: Operation, unqualified: Unqualified): Failure {
  return new Failure(
    "access",
    "operation-not-allowed",
    `The settings of the ECS task do not permit ${operation}.`,
    {
      hints: [
        textHint(
          `HASURA_MIGRATE_UNQUALIFIED is "${unqualified}" in the task definition; ${operation} needs "${operations[operation].permission}".`,
        ),
      ],
    },
  );
}

function isPermission(qualifier: string): qualifier is Permission {
  return permissions.some((name) => name === qualifier);
}

function baseOf(arn: string): string {
  return arn.split(":").slice(0, 7).join(":");
}

import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import type { Request } from "../../protocol/request.ts";
import type { EngineSession } from "../session.ts";
import type { RunRegistry } from "../store/store.ts";

/** Those of the databases that have one. */
export function registriesOf({ databases }: Pick<EngineSession, "databases">): RunRegistry[] {
  return databases.flatMap(({ store }) => store.runs ?? []);
}

/** The run registries of an environment's databases. Throws usage/needs-ledger if none of its databases has one. */
export function runRegistries(
  { operation, environment }: Request,
  { databases }: EngineSession,
): RunRegistry[] {
  const registries = registriesOf({ databases });
  if (databases.length === 0 || registries.length > 0) return registries;
  throw new Failure(
    "usage",
    "needs-ledger",
    `${operation} needs a ledger, and ${environment} does not have one yet.`,
    { hints: [textHint("The first apply creates it, unless HASURA_MIGRATE_LEDGER is off.")] },
  );
}

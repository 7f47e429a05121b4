import type { DatabaseState, EngineSession } from "../../../src/engine/session.ts";
import type { Migration } from "../../../src/engine/project/scan.ts";
import type { AppliedMigration, MigrationStore } from "../../../src/engine/store/store.ts";
import type { RequestOf } from "../../../src/protocol/request.ts";
import type { Operation } from "../../../src/protocol/operations.ts";
import { fileOf, storeOf } from "./ready-steps.ts";
import { requestFor } from "./run.ts";

interface GivenDatabase {
  readonly name?: string;
  /** Versions with both files. */
  readonly files?: readonly string[];
  readonly recorded?: Readonly<Record<string, AppliedMigration>>;
  readonly store?: MigrationStore;
}

/** Versions that are applied. */
export const applied = (...versions: string[]): Record<string, AppliedMigration> =>
  Object.fromEntries(versions.map((version) => [version, { state: "applied" }]));

/** A database of a session; its migrations are called x. */
export function databaseOf(given: GivenDatabase = {}): DatabaseState {
  const { name = "default", files = [], recorded = {}, store = storeOf() } = given;
  return {
    database: { name, kind: "postgres" },
    migrations: files.map((version): Migration => ({
      version,
      name: "x",
      up: fileOf(`${version}/up.sql`, `SELECT ${version};`),
      down: fileOf(`${version}/down.sql`, `SELECT -${version};`),
    })),
    recorded: new Map(Object.entries(recorded)),
    store,
  };
}

/** A session of these databases. */
export function sessionOf(...databases: readonly DatabaseState[]): EngineSession {
  return { databases, disabled: false, close: () => Promise.resolve() };
}

/** A request for one operation. */
export function requestOf<T extends Operation>(operation: T, options: object = {}): RequestOf<T> {
  const request = requestFor(operation, options);
  if (isRequestOf(request, operation)) return request;
  throw new Error(`not a request for ${operation}`);
}

function isRequestOf<T extends Operation>(
  request: { readonly operation: Operation },
  operation: T,
): request is RequestOf<T> {
  return request.operation === operation;
}

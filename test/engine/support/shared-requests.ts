import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import type { Hasura, RunSql } from "../../../src/engine/hasura/client.ts";
import type { RunEvent } from "../../../src/protocol/events.ts";

/** Time stands still, so every migration counts as quick. */
export const quick = { now: () => 0 };
export const gate = 4711;
export const waitsAtGate = `SELECT pg_advisory_xact_lock(${String(gate)});`;

/** `count` tiny migrations; `special` replaces some of them. */
export function tiny(count: number, special: Record<number, string> = {}): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [
      `${String(i + 1)}_m/up`,
      special[i + 1] ?? `CREATE TABLE t${String(i + 1)} (id int);`,
    ]),
  );
}

type Share = NonNullable<Hasura["runSqls"]>;

/** A Hasura whose shared requests go through `how`. */
export function sharing(
  hasura: Hasura,
  how: (requests: readonly RunSql[], real: Share) => ReturnType<Share>,
): Hasura {
  const { runSqls } = hasura;
  assert.ok(runSqls);
  const shared: Share = (requests) => how(requests, runSqls);
  return new Proxy(hasura, {
    get: (target, name): unknown => (name === "runSqls" ? shared : Reflect.get(target, name)),
  });
}

/** How many migrations each shared request had. */
export function counting(real: Hasura): { sizes: number[]; hasura: Hasura } {
  const sizes: number[] = [];
  const hasura = sharing(real, (requests, send) => {
    sizes.push(requests.length);
    return send(requests);
  });
  return { sizes, hasura };
}

/** Resolves when an event comes that `which` takes. */
export function listening(which: (event: RunEvent) => boolean): {
  emit: (event: RunEvent) => void;
  received: Promise<unknown>;
} {
  const events = new EventEmitter();
  return {
    emit: (event) => (which(event) ? void events.emit("received") : undefined),
    received: once(events, "received"),
  };
}

export const startsWith = (version: string) => (event: RunEvent) =>
  event.type === "migration.started" && event.version === version;

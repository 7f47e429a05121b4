import type {
  DriverFaults,
  MessageKind,
  SessionHandle,
} from "../../../src/local/hasura-api/session.ts";

/**
 * What can happen to one message between Hasura's API and Postgres. cut before, after: the connection breaks before the message is
 * sent, or when it took effect and its answer is under way; the driver then connects again and sends that one message again ·
 * gone: both breaks, the driver gives up · terminated: the backend is ended · cancelled: the statement is cancelled while it runs.
 */
export const driverFaults = ["cut before", "cut after", "gone", "terminated", "cancelled"] as const;
export type DriverFault = (typeof driverFaults)[number];

export interface Passing {
  /** From 0, since the last `expect`. */
  readonly index: number;
  readonly kind: MessageKind;
  readonly sql: string;
  /** Process id of the backend that gets it. */
  readonly pid: number;
}

/** Harm between API and Postgres, on request; `hooks` go into the API. */
export interface Driver {
  readonly hooks: DriverFaults;
  readonly passed: readonly Passing[];
  /** Asks `fault` for every message from now on; the message waits for its answer. */
  expect(fault: (passing: Passing) => DriverFault | undefined | Promise<undefined>): void;
}

/** `onServer` ends or cancels what the backend of that process id does: it runs on a connection of its own. */
export function faultyDriver(
  onServer: (fault: "terminated" | "cancelled", pid: number) => Promise<void>,
): Driver {
  let passed: Passing[] = [];
  let faultOf: Parameters<Driver["expect"]>[0] = () => undefined;
  /** What still has to happen to a session's present message. */
  const after = new WeakMap<SessionHandle, DriverFault>();
  let alsoNext: string | undefined;

  const before = async (kind: MessageKind, sql: string, session: SessionHandle): Promise<void> => {
    if (alsoNext === sql) {
      alsoNext = undefined;
      session.cut();
      return;
    }
    const passing = { index: passed.length, kind, sql, pid: session.pid };
    passed.push(passing);
    const fault = await faultOf(passing);
    if (fault === "cut before" || fault === "gone") session.cut();
    if (fault === "gone") alsoNext = sql;
    if (fault === "cut after") after.set(session, fault);
    if (fault === "terminated") await onServer(fault, session.pid);
    // Not waited for: it has to arrive while the message is at work.
    if (fault === "cancelled") void onServer(fault, session.pid);
  };
  return {
    hooks: {
      beforeMessage: before,
      afterMessage: (_kind, _sql, session) => {
        if (after.get(session) !== "cut after") return undefined;
        session.cut();
        return { kind: "lost", cause: new Error("the connection broke") };
      },
    },
    get passed() {
      return passed;
    },
    expect: (fault) => {
      passed = [];
      alsoNext = undefined;
      faultOf = fault;
    },
  };
}

/**
 * From now on, the commit of the first transaction in which a statement matches does nothing and is answered with success. The other
 * connections go on meanwhile: somebody may look in the ledger between the statement and its commit.
 * @returns how many commits were lost so far
 */
export function loseCommitOf(
  driver: Driver,
  matches: (sql: string) => boolean,
): { readonly lost: number } {
  const lost = { lost: 0 };
  let armed: number | undefined;
  driver.expect(({ kind, sql, pid }) => {
    if (kind === "query" && lost.lost === 0 && matches(sql)) armed = pid;
    if (kind !== "commit" || pid !== armed) return undefined;
    armed = undefined;
    lost.lost += 1;
    return "cut before";
  });
  return lost;
}

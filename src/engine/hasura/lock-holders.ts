/** A session that holds a lock, or is ahead of us in its queue. Fields that the database user may not see are absent. */
export interface LockHolder {
  /** 0 for a prepared transaction, which has no session. */
  readonly pid: number;
  readonly application?: string | undefined;
  readonly user?: string | undefined;
  readonly state?: string | undefined;
  /** The kind of process, if it serves no client: `autovacuum worker`. */
  readonly process?: string | undefined;
  /** How long its transaction has been open. */
  readonly openMs?: number | undefined;
  /** It is waiting for a lock itself. */
  readonly waits: boolean;
}

const maxDescribed = 3;

/** `session 4711 ("psql", user alice, idle in transaction, its transaction began 42 s ago)`. */
export function describeLockHolders(holders: readonly LockHolder[]): string {
  const described = holders.slice(0, maxDescribed).map(describe);
  const more = holders.length - described.length;
  return [...described, ...(more > 0 ? [`${more} more`] : [])].join(" and ");
}

/** The next step after a statement that did not get its lock. */
export function lockAdvice(holders: readonly LockHolder[]): string {
  const sessions = holders.filter(({ pid, process }) => pid !== 0 && process === undefined);
  const end = sessions
    .slice(0, maxDescribed)
    .map(({ pid }) => `SELECT pg_terminate_backend(${pid});`);
  const prepared = holders.some(({ pid }) => pid === 0)
    ? ["End a prepared transaction with COMMIT PREPARED or ROLLBACK PREPARED."]
    : [];
  return [
    `It waited for a lock that ${describeLockHolders(holders)} held.`,
    ...(end.length > 0 ? [`To end ${holders.length === 1 ? "it" : "them"}: ${end.join(" ")}`] : []),
    ...prepared,
    'To wait longer: "-- hasura-migrate: lock_timeout=30s" at the top of the file.',
  ].join(" ");
}

function describe(holder: LockHolder): string {
  const { pid, application = "", user, process, waits } = holder;
  if (pid === 0) return "a prepared transaction";
  const facts = [
    application === "" ? undefined : JSON.stringify(application),
    user === undefined ? undefined : `user ${shownName(user)}`,
    process,
    ...doing(holder),
    waits ? "waiting for a lock itself" : undefined,
  ].filter((fact) => fact !== undefined);
  return facts.length === 0 ? `session ${pid}` : `session ${pid} (${facts.join(", ")})`;
}

/** Sessions of other users hide both, unless one is a member of pg_read_all_stats. */
function doing({ state, process, openMs }: LockHolder): string[] {
  if (state === undefined && openMs === undefined)
    return process === undefined ? ["only members of pg_monitor can see its state"] : [];
  const since =
    openMs === undefined
      ? []
      : [`its transaction began ${Math.max(0, Math.round(openMs / 1000))} s ago`];
  return state === undefined ? since : [state, ...since];
}

/** Names come from outside: anything unusual is quoted, so that it cannot be mistaken for part of the message. */
function shownName(name: string): string {
  return /^[\w.@-]+$/.test(name) ? name : JSON.stringify(name);
}

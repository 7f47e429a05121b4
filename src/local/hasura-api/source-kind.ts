/** True for kinds of source that speak Postgres's protocol. */
export const isPostgresFamily = (kind: string): boolean =>
  ["postgres", "pg", "citus", "cockroach", "alloy"].includes(kind);

/** Exit code of each kind of failure (README, "Exit codes"). The kind alone decides the exit code. */
export const exitCode = {
  migration: 1,
  usage: 2,
  access: 3,
  unreachable: 4,
  busy: 5,
  differs: 6,
  metadata: 7,
  bug: 70,
  interrupted: 130,
} as const;

export type Kind = keyof typeof exitCode;

/** What each exit code means, for the help and the documentation. */
export const exitCodeMeaning: Readonly<Record<Kind, string>> = {
  migration: "a migration or a seed failed",
  usage: "wrong usage or configuration, or declined",
  access: "AWS credentials or permissions",
  unreachable: "function or Hasura unreachable, crashed or timed out",
  busy: "another run is in progress",
  differs: "findings (--check, apply --strict, lint)",
  metadata: "metadata is now inconsistent, or was refused",
  bug: "a bug in hasura-migrate",
  interrupted: "interrupted",
};

export function isKind(name: string): name is Kind {
  return Object.hasOwn(exitCode, name);
}

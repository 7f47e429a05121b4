/** Where a user's programs keep what is not worth a backup (XDG base directories); this program's part of it. */
export function userStateDirectory(
  env: Readonly<Record<string, string | undefined>>,
  home: string,
): string {
  return `${env["XDG_STATE_HOME"] || `${home}/.local/state`}/hasura-migrate`;
}

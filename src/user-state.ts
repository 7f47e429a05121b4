/** Where a user's programs keep what is not worth a backup (XDG base directories); this program's part of it. */
export function userStateDirectory(
  env: Readonly<Record<string, string | undefined>>,
  home: string,
): string {
  return `${env["XDG_STATE_HOME"] || `${home}/.local/state`}/hasura-migrate`;
}

/** Where a user's programs keep what can be lost at any time (XDG base directories); this program's part of it. */
export function userCacheDirectory(
  env: Readonly<Record<string, string | undefined>>,
  home: string,
): string {
  return `${env["XDG_CACHE_HOME"] || `${home}/.cache`}/hasura-migrate`;
}

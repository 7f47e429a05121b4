import module from "node:module";
import { isAbsolute, join } from "node:path";

/** Node 22.1 and newer; the types here are those of Node 20. */
type WithCache = typeof module & { readonly enableCompileCache?: (directory: string) => unknown };

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Lets Node keep what it compiles of this program in the user's cache directory, so that later runs start sooner. Has no effect
 * where that is impossible: an older Node, no such directory, or one that cannot be written.
 */
export function keepCompiled(env: Environment): void {
  const { enableCompileCache }: WithCache = module;
  const directory = cacheDirectory(env);
  // NODE_COMPILE_CACHE has been obeyed by Node itself, as NODE_DISABLE_COMPILE_CACHE will be.
  if (directory === undefined || env["NODE_COMPILE_CACHE"]) return;
  try {
    enableCompileCache?.(join(directory, "hasura-migrate"));
  } catch {
    // Nothing depends on it.
  }
}

/** XDG base directories, or Windows' own. A relative path is not one, and would be created wherever a command is run. */
function cacheDirectory(env: Environment): string | undefined {
  const home = env["HOME"];
  return [env["XDG_CACHE_HOME"], env["LOCALAPPDATA"], home && join(home, ".cache")].find(
    (path) => path !== undefined && isAbsolute(path),
  );
}

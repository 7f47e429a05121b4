import { bash } from "./bash.ts";
import { fish } from "./fish.ts";
import { powershell } from "./powershell.ts";
import { zsh } from "./zsh.ts";
import type { Shell } from "../shells.ts";

/*
 * Each script passes on what has been typed to `hasura-migrate --complete` (../complete.ts), which knows the commands, options
 * and names. A script is therefore good for later versions as well.
 */

const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish, powershell };

/** The script of a shell, for the file that the shell reads when it starts. */
export function completionScript(shell: Shell): string {
  return scripts[shell];
}

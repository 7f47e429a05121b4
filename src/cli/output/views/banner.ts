import type { EventOf } from "../../../protocol/events.ts";
import type { ConnectionInfo } from "../../connection/connection.ts";
import { age, escapeControls, shortAccount } from "../format.ts";

/** What, where, as whom and from what, in one line; parts that nobody knows are left out. */
export function banner(
  started: EventOf<"run.started">,
  reached: ConnectionInfo,
  now: number,
): string {
  return [started.environment, reached.region, who(reached), hasura(started), image(started, now)]
    .filter((part) => part !== "")
    .map(escapeControls)
    .join(" · ");
}

function who({ account, profile }: ConnectionInfo): string {
  const parts = [
    account === undefined ? "" : shortAccount(account),
    profile === undefined ? "" : `as ${profile}`,
  ];
  return parts.filter((part) => part !== "").join(" ");
}

function hasura(started: EventOf<"run.started">): string {
  return started.hasura.version === undefined ? "" : `Hasura ${started.hasura.version}`;
}

/** The image's commit and age, as messages name it: `image 4c6ea1a, 2 days old`. */
export function image(started: EventOf<"run.started">, now: number): string {
  const { commit, builtAt } = started.image;
  const old = builtAt === undefined ? undefined : age(builtAt, now);
  if (commit === undefined) return old === undefined ? "" : `image ${old}`;
  return `image ${/^[0-9a-f]{12,}$/.test(commit) ? commit.slice(0, 7) : commit}${old === undefined ? "" : `, ${old}`}`;
}

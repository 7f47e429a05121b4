import type { EventOf } from "../../../protocol/events.ts";
import { functionReference } from "../../config/parse-function-name.ts";
import type { ConnectionInfo } from "../../connection/connection.ts";
import { age, shortAccount } from "../format.ts";

/** One line that names the environment, region, identity, Hasura version and image; unknown parts are left out. */
export function banner(
  started: EventOf<"run.started">,
  connection: ConnectionInfo,
  now: number,
): string {
  return [
    started.environment,
    connection.region,
    identity(started, connection),
    via(connection),
    started.hasura.version === undefined ? "" : `Hasura ${started.hasura.version}`,
    uploadLabel(started),
    imageLabel(started, now),
  ]
    .filter((part) => part !== "")
    .join(" · ");
}

function identity(started: EventOf<"run.started">, { account, profile }: ConnectionInfo): string {
  const accountId = invokedAccount(started) ?? account;
  const parts = [
    accountId === undefined ? "" : shortAccount(accountId),
    profile === undefined ? "" : `as ${profile}`,
  ];
  return parts.filter((part) => part !== "").join(" ");
}

/** The host that is used instead of AWS, and the setting that names it. */
function via({ endpoint }: ConnectionInfo): string {
  return endpoint === undefined ? "" : `via ${endpoint.host} (from ${endpoint.from})`;
}

/** The account in the ARN that was invoked; the embedded environment has none. */
function invokedAccount({ environment, function: { arn } }: EventOf<"run.started">) {
  if (environment === "local" || arn === undefined) return undefined;
  return functionReference(arn).account;
}

/** The directory that the migrations were uploaded from: `uploaded from shop/hasura (add-coupons, 4c6ea1a, uncommitted changes)`. */
export function uploadLabel({ upload }: Pick<EventOf<"run.started">, "upload">): string {
  return upload === undefined ? "" : `uploaded from ${directoryLabel(upload)}`;
}

/** `shop/hasura (add-coupons, 4c6ea1a, uncommitted changes)` */
export function directoryLabel({
  directory,
  branch = "",
  commit = "",
  dirty,
}: NonNullable<EventOf<"run.started">["upload"]>): string {
  const facts = [branch, shortCommit(commit), dirty === true ? "uncommitted changes" : ""];
  const known = facts.filter((fact) => fact !== "").join(", ");
  return `${directory}${known === "" ? "" : ` (${known})`}`;
}

/** Where the migrations of a run come from: the directory if they were uploaded, or else the image. */
export function filesLabel(started: EventOf<"run.started">, now: number): string {
  return started.upload ? uploadLabel(started) : imageLabel(started, now);
}

/** The image's commit and age, as messages name it: `image 4c6ea1a, 2 days old`. Empty if neither is known. */
export function imageLabel({ image }: EventOf<"run.started">, now: number): string {
  const { commit, builtAt } = image;
  const old = builtAt === undefined ? undefined : age(builtAt, now);
  if (commit === undefined) return old === undefined ? "" : `image ${old}`;
  return `image ${shortCommit(commit)}${old === undefined ? "" : `, ${old}`}`;
}

function shortCommit(commit: string): string {
  return /^[0-9a-f]{12,}$/.test(commit) ? commit.slice(0, 7) : commit;
}

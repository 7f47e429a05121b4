import * as z from "zod";
import type { Actor } from "../../protocol/request.ts";
import type { StoreContext } from "../context.ts";
import { encodeLabelText, LabelText } from "./label-text.ts";

/** Which run a rehearsal belongs to, and who started it. */
export interface RehearsalLabel {
  readonly run: string;
  readonly actor: Pick<Actor, "user" | "host">;
}

/** What comes before the run's id, and a space after it. */
export const rehearsalLabelPrefix = "/* hasura-migrate rehearsal run=";

/** For user and host each: `pg_stat_activity` keeps 1,024 bytes of a statement by default. */
const maxEncodedActor = 256;

const rehearsalLabel =
  /^\/\* hasura-migrate rehearsal run=(?<run>\S+) user=(?<user>[\w.%-]*) host=(?<host>[\w.%-]*) \*\//;

/** A comment for the beginning of a rehearsal. User and host are percent-encoded, and empty where they are too long. */
export function labelRehearsal({ run, actor: { user, host } }: RehearsalLabel): string {
  const shown = (text: string): string => encodeLabelText(text, maxEncodedActor);
  return `${rehearsalLabelPrefix}${run} user=${shown(user)} host=${shown(host)} */`;
}

/** The label of a request's rehearsals. */
export function rehearsalLabelOf({ request }: Pick<StoreContext, "request">): string {
  return labelRehearsal({ run: request.runId, actor: request.actor });
}

/** The label at the beginning of a rehearsal; undefined where there is none. */
export function readRehearsalLabel(query: string): RehearsalLabel | undefined {
  const parsed = RehearsalText.safeParse(rehearsalLabel.exec(query)?.groups);
  if (!parsed.success) return undefined;
  const { run, ...actor } = parsed.data;
  return { run, actor };
}

const RehearsalText = z.object({ run: z.string(), user: LabelText, host: LabelText });

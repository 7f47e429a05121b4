import type { EventOf } from "../../../protocol/events.ts";
import type { PlanItem } from "../../../protocol/plan-items.ts";
import { plannedImpacts, type PlannedImpact } from "../impact-lines.ts";

/** A migration that is going to run. */
export interface PlannedRow {
  readonly database: string;
  readonly version: string;
  readonly name: string;
  /** Path from the project's root. */
  readonly file: string;
  /** It is in the project here and not in the function's image yet: it runs once an image that has it is deployed. */
  readonly isNew: boolean;
  readonly remarks: readonly PlanRemark[];
  readonly sql?: string | undefined;
  /** What its statements do to tables of the environment, or what `lint` finds in them. */
  readonly impacts?: readonly PlannedImpact[];
}

/** What is worth a look before a migration runs. `unreadable` comes with a reason. */
export type PlanRemark =
  "out-of-order" | "no-transaction" | "empty" | { readonly unreadable: string };

/** What one environment answered to `plan`; without an answer `failure` is the reason. */
export type EnvironmentPlan = {
  readonly environment: string;
  /** Commit and age of the image, empty where they are not known; for uploaded migrations also their directory. */
  readonly image: string;
  /** True if the migrations were uploaded, so that none of them needs a new image. */
  readonly isUploaded: boolean;
} & (
  | {
      readonly rows: readonly PlannedRow[];
      /** True if the image was compared with the project in the working directory. */
      readonly isCompared: boolean;
    }
  | { readonly rows: undefined; readonly failure: string | undefined }
);

/** The plans of one command, in the order of its environments. */
export interface PlanReport {
  readonly plans: readonly EnvironmentPlan[];
  /** True if an image was to be compared with a project in the working directory. */
  readonly comparesProject: boolean;
}

/** The rows of a plan that a function has answered with. */
export function plannedRows({ databases }: EventOf<"plan">): PlannedRow[] {
  return databases.flatMap(({ database, items }) =>
    items.map((item) => {
      const { version, name, file, sql } = item;
      return {
        ...{ database, version, name, file, sql },
        isNew: false,
        remarks: remarksOf(item),
        impacts: plannedImpacts(item),
      };
    }),
  );
}

function remarksOf({
  outOfOrder,
  transaction,
  lines,
  sql,
}: Pick<PlanItem, "outOfOrder" | "transaction" | "lines" | "sql">): PlanRemark[] {
  const isEmpty = sql === undefined ? lines === 0 : sql.trim() === "";
  return [
    ...(outOfOrder === true ? (["out-of-order"] as const) : []),
    ...(transaction ? [] : (["no-transaction"] as const)),
    ...(isEmpty ? (["empty"] as const) : []),
  ];
}

/** A remark in a few words. */
export function remarkWords(remark: PlanRemark): string {
  if (typeof remark === "object") return `cannot be read: ${remark.unreadable}`;
  return {
    "out-of-order": "out of order",
    "no-transaction": "outside a transaction",
    empty: "empty",
  }[remark];
}

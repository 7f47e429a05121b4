import { migrationLabel } from "../../protocol/migration.ts";
import type { ReadyStep } from "../plan/prepare-plan.ts";
import { splitFile, type Part } from "./split-file.ts";

/** A file of a rehearsal, with its statements in order; none if it is empty. */
export interface RehearsalFile {
  readonly step: ReadyStep;
  readonly sql: string;
  readonly parts: readonly Part[];
  /** False if the parser does not accept it: its only part is the whole file. */
  readonly isParsed: boolean;
  /** It adds a value to an enum that it has not created. */
  readonly addsEnumValue: boolean;
}

/** A pending migration that is not run in a rehearsal; `reason` is a sentence without its full stop, about "it". */
export interface LeftOut {
  readonly step: ReadyStep;
  readonly reason: string;
}

/** The files to run, and those that are left out. */
export interface SelectedFiles {
  readonly files: readonly RehearsalFile[];
  readonly leftOut: readonly LeftOut[];
}

/**
 * The files up to the first that cannot be rolled back: later ones may need what it does. A squash that is recorded in place of its parts
 * runs nothing, so it stops nothing.
 */
export async function selectFiles(steps: readonly ReadyStep[]): Promise<SelectedFiles> {
  const files: RehearsalFile[] = [];
  const leftOut: LeftOut[] = [];
  let stoppedBy: ReadyStep | undefined;
  for (const step of steps) {
    const found = stoppedBy ? afterStop(step, stoppedBy) : await fileOf(step);
    if (!("reason" in found)) files.push(found);
    else {
      leftOut.push(found);
      if (step.replaces === undefined) stoppedBy ??= step;
    }
  }
  return { files, leftOut };
}

/** The reason for a migration that comes after one that was not run to its end. */
export function afterStop(step: ReadyStep, { migration }: ReadyStep): LeftOut {
  return { step, reason: `it comes after ${migrationLabel(migration)}` };
}

async function fileOf(step: ReadyStep): Promise<RehearsalFile | LeftOut> {
  if (step.replaces !== undefined)
    return { step, reason: "it is recorded in place of its parts, and its file is not run" };
  if (step.noTransaction) return { step, reason: "it runs outside a transaction" };
  const { sql } = await step.file.body();
  const split = await splitFile(sql);
  if (split.kind === "refused") return { step, reason: `its file ${split.reason}` };
  const { parts, isParsed, addsEnumValue } = split;
  return { step, sql, parts, isParsed, addsEnumValue };
}

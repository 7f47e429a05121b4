import type { AssessFiles } from "../engine/plan/assessment.ts";

/** Examines the files of a plan. The rules and PostgreSQL's parser are loaded on first use. */
export const assess: AssessFiles = async (files, read) => {
  const { assessFiles } = await import("../lint/assess.ts");
  return assessFiles(files, read);
};

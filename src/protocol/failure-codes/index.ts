import { awsCodes } from "./aws.ts";
import { commandLineCodes } from "./command-line.ts";
import { configurationCodes } from "./configuration.ts";
import { functionCodes } from "./function.ts";
import { hasuraCodes } from "./hasura.ts";
import { hasuraCliCodes } from "./hasura-cli.ts";
import { localCodes } from "./local.ts";
import { metadataCodes } from "./metadata.ts";
import { planCodes } from "./plan.ts";
import { projectCodes } from "./project.ts";
import { runCodes } from "./run.ts";
import { secretsCodes } from "./secrets.ts";
import { seedsCodes } from "./seeds.ts";
import { sqlCodes } from "./sql.ts";
import { taskCodes } from "./task.ts";
import { uploadCodes } from "./upload.ts";

/**
 * Every failure code, by what it concerns. A code is stable: scripts depend on it, while messages may improve. Imported as a
 * type only, so that no program carries these texts.
 */
export const failureCodes = {
  ...awsCodes,
  ...commandLineCodes,
  ...configurationCodes,
  ...functionCodes,
  ...hasuraCodes,
  ...hasuraCliCodes,
  ...localCodes,
  ...metadataCodes,
  ...planCodes,
  ...projectCodes,
  ...runCodes,
  ...secretsCodes,
  ...seedsCodes,
  ...sqlCodes,
  ...taskCodes,
  ...uploadCodes,
} as const;

export type FailureCode = keyof typeof failureCodes;

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Failure } from "../../protocol/failure.ts";
import { retryHint, textHint } from "../../protocol/hint.ts";
import {
  operations,
  takesMetadata,
  takesSeeds,
  type Operation,
} from "../../protocol/operations.ts";
import type { CliContext } from "../context.ts";
import { findProjectAbove, findProjectRoot } from "../project/find-project.ts";

/** The settings that decide whether a run uses the migrations of a directory. */
export interface SourceChoice {
  readonly operation: Operation;
  readonly environment: string;
  /** `--from`. */
  readonly from?: string | undefined;
  /** `--image`. */
  readonly image?: boolean | undefined;
  /** `source` of the environment in the configuration. */
  readonly configured?: "image" | "local" | undefined;
  /** `--changed` of a command that runs files. */
  readonly changed?: boolean | undefined;
  /** Migrations would run in an ECS task, whose request has no room for them. */
  readonly inTask: boolean;
}

/**
 * The root of the project whose migrations are uploaded; undefined if those in the image are used. Throws `usage` failures: `usage`,
 * `no-project`, `upload-not-in-task`.
 */
export function uploadDirectory(
  { cwd, home }: Pick<CliContext, "cwd" | "home">,
  choice: SourceChoice,
): string | undefined {
  const { operation, environment, from, inTask } = choice;
  const isUploaded = isFromDirectory(choice);
  if (!isUploaded || !takesDirectory(operation)) return undefined;
  if (inTask) throw notInTask(environment);
  const directory = resolve(cwd, from ?? ".");
  // A directory that does not exist is not inside a project: it is mistyped, and reading it fails.
  const root = existsSync(directory)
    ? (findProjectRoot(directory) ?? findProjectAbove(directory, home))
    : undefined;
  // The directory may be a migrations directory without a project; reading it shows that.
  if (root !== undefined || from !== undefined) return root ?? directory;
  throw noProjectHere(environment, cwd);
}

function isFromDirectory({ environment, from, image, configured, changed }: SourceChoice): boolean {
  const isUploaded = from !== undefined || (image !== true && configured === "local");
  if (!isUploaded && changed === true) throw changedNeedsFrom(environment);
  return isUploaded;
}

function changedNeedsFrom(environment: string): Failure {
  return new Failure(
    "usage",
    "usage",
    `--changed needs --from: without it, ${environment} runs the migrations in the image, so no file can differ from them.`,
    {
      hints: [
        retryHint({
          with: ["--from", "."],
          without: ["--image"],
          reason: "run the files of a directory",
        }),
      ],
    },
  );
}

const takesDirectory = (operation: Operation): boolean =>
  operations[operation].takesUploads || takesMetadata(operation) || takesSeeds(operation);

function noProjectHere(environment: string, cwd: string): Failure {
  return new Failure(
    "usage",
    "no-project",
    `${environment} uses the migrations of the working directory ("source": "local"), but there is no Hasura project in ${cwd} or above it.`,
    {
      hints: [
        retryHint({ with: ["--from", "./hasura"], reason: "name the project's directory" }),
        retryHint({ with: ["--image"], reason: "use the migrations of the image" }),
      ],
    },
  );
}

function notInTask(environment: string): Failure {
  return new Failure(
    "usage",
    "upload-not-in-task",
    `${environment} runs migrations in an ECS task, which can run only those in its image; nothing was run.`,
    {
      hints: [
        retryHint({ with: ["--runner", "lambda"], reason: "run them in the function" }),
        retryHint({ without: ["--from"], with: ["--image"], reason: "use the image's migrations" }),
        textHint(
          "For a migration that takes longer than 15 minutes, deploy an image that contains it.",
        ),
      ],
    },
  );
}

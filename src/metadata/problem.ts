import { Failure } from "../protocol/failure.ts";
import { textHint } from "../protocol/hint.ts";
import type { MetadataProblemCode } from "../protocol/verification.ts";
import { placeOf, type FilePlace, type Spot } from "./document/source-text.ts";

/** Something that is wrong with the metadata of a project. With an error, it is not sent. */
export interface MetadataProblem {
  readonly severity: "error" | "warning";
  readonly code: MetadataProblemCode;
  /** One sentence, without the place. */
  readonly message: string;
  readonly place?: FilePlace;
  /** What to do, in one sentence. */
  readonly advice?: string;
}

/** Thrown for metadata that cannot be read, with the position in the file. */
export class MetadataFailure extends Failure {
  readonly problem: MetadataProblem;

  constructor(problem: MetadataProblem, cause?: unknown) {
    const { advice } = problem;
    super("usage", "bad-metadata", problemText(problem), {
      ...{ cause, hints: advice === undefined ? [] : [textHint(advice)] },
    });
    this.problem = problem;
  }
}

/** `metadata/actions.yaml:3:5`. */
export function placeText({ file, line, column }: FilePlace): string {
  return `${file}:${String(line)}:${String(column)}`;
}

/** A problem in one sentence, with its place if it has one. */
export function problemText({ place, message }: MetadataProblem): string {
  return place === undefined ? message : `${placeText(place)}: ${message}`;
}

/** For a file with an error at one place in it. */
export function unreadable(spot: Spot, message: string, advice?: string): MetadataFailure {
  return new MetadataFailure({
    severity: "error",
    code: "metadata-unreadable",
    message,
    place: placeOf(spot),
    ...(advice !== undefined && { advice }),
  });
}

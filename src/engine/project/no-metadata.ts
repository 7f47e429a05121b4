import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";

const code = "no-metadata";

/** The failure for a project without metadata. */
export function noMetadata(): Failure {
  return new Failure("usage", code, "The project has no metadata.", {
    hints: [
      textHint(
        "Put the metadata into the directory that metadata_directory in config.yaml sets (default: metadata). For a function, the image has to contain that directory.",
      ),
    ],
  });
}

export function isNoMetadata(error: unknown): boolean {
  return error instanceof Failure && error.code === code;
}

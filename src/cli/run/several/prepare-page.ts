import { Failure } from "../../../protocol/failure.ts";
import type { CliContext } from "../../context.ts";
import { statusPage } from "../../output/matrix/html/status-page.ts";
import type { Matrix } from "../../output/matrix/matrix.ts";
import { preparePageFile } from "./page-file.ts";

/** How a page was written: it is for stdout, it is in its file, or it could not be written. */
export type WrittenPage =
  | { readonly kind: "stdout"; readonly text: string }
  | { readonly kind: "file"; readonly note: string }
  | { readonly kind: "failed"; readonly failure: Failure };

/** Makes the page of a matrix, and writes it where it goes. */
export type WritePage = (matrix: Matrix) => Promise<WrittenPage>;

/**
 * For `--html`: checks that the file can be written, before any function is called. Throws `usage/page-not-written`.
 */
export async function preparePage(
  context: Pick<CliContext, "cwd" | "now" | "version">,
  html: string,
  { full }: { readonly full: boolean },
): Promise<WritePage> {
  const page = (matrix: Matrix): string =>
    statusPage(matrix, { now: context.now(), version: context.version, full });
  if (html === "-") return async (matrix) => ({ kind: "stdout", text: page(matrix) });
  const file = await preparePageFile(context, html);
  return async (matrix) => {
    const text = page(matrix);
    try {
      await file.write(text);
    } catch (thrown) {
      if (thrown instanceof Failure) return { kind: "failed", failure: thrown };
      throw thrown;
    }
    return {
      kind: "file",
      note: `Wrote ${html} (${Math.ceil(Buffer.byteLength(text) / 1000)} kB)`,
    };
  };
}

import * as z from "zod";
import { requestText } from "./request-text.ts";

/** The longest texts about a directory, in UTF-16 units. */
export const directoryLimits = { directory: 300, branch: 300, commit: 100 } as const;

/** Where uploaded migrations come from, as the client reports it; nothing verifies it. */
export const UploadedDirectory = z.strictObject({
  /** Name of the project's directory, from its repository: `shop/hasura`. */
  directory: requestText(directoryLimits.directory).min(1),
  branch: requestText(directoryLimits.branch).min(1).optional(),
  commit: requestText(directoryLimits.commit).min(1).optional(),
  /** Files of the directory differ from the commit. */
  dirty: z.boolean().optional(),
});
export type UploadedDirectory = z.infer<typeof UploadedDirectory>;

/** Where the migrations of a run come from. */
export type RunSource =
  { readonly kind: "image" } | ({ readonly kind: "upload" } & UploadedDirectory);

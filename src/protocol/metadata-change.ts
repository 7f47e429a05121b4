import * as z from "zod";

/*
 * How two metadata documents differ, object by object. Kinds and reasons are texts: a newer function may know more of them than the
 * client that shows them.
 */

const texts = z.array(z.string()).optional();

export const MetadataFieldChange = z.object({
  field: z.string().describe("Path of the field inside the object, such as `permission.columns`."),
  added: texts.describe(
    "For a set, such as a permission's columns: the members that only the project has. For a row filter or a check: the conditions that only the project has.",
  ),
  removed: texts.describe("Likewise, the members or conditions that only the server has."),
  kept: z
    .int()
    .nonnegative()
    .optional()
    .describe(
      "For a row filter or a check, whose conditions all have to hold: the number of conditions that both have.",
    ),
  from: z
    .string()
    .optional()
    .describe("For any other value: the server's value as text; absent if it has none."),
  to: z
    .string()
    .optional()
    .describe("For any other value: the project's value as text; absent if it has none."),
  isSecret: z
    .literal(true)
    .optional()
    .describe("True if the value is a secret. It differs, but is not shown."),
  onlyIn: z
    .enum(["server", "project"])
    .optional()
    .describe("For a secret: the only side that has one; absent if both sides have one."),
});
export type MetadataFieldChange = z.infer<typeof MetadataFieldChange>;

/** A position in a file of the project. */
export const FilePlace = z.object({
  file: z.string().describe("From the project's root, with forward slashes."),
  line: z.int().positive(),
  column: z.int().positive(),
});
export type FilePlace = z.infer<typeof FilePlace>;

export const MetadataChange = z.object({
  path: z
    .array(
      z.object({
        kind: z.string().describe("Such as `table` or `select permission`."),
        name: z.string().describe("A permission's name is its role."),
      }),
    )
    .min(1)
    .describe("From the outermost object to this one, such as source, table and permission."),
  change: z.enum(["added", "removed", "changed"]),
  isInside: z
    .boolean()
    .describe("True for an object inside one that is itself added or removed as a whole."),
  fields: z.array(MetadataFieldChange),
  attention: z
    .array(z.string())
    .describe("Why the change should be reviewed, such as `no-row-filter` or `connection`."),
  usedBy: texts.describe("For a removed object: what in the new metadata still uses it."),
  at: z
    .array(z.union([z.string(), z.int()]))
    .optional()
    .describe("Where it is in the new metadata: keys, and indexes from 0."),
  place: FilePlace.optional().describe("Its position in the project's files, if known."),
});
export type MetadataChange = z.infer<typeof MetadataChange>;

/** An inconsistent object, as Hasura reports it. */
export const InconsistentObjectData = z.object({
  type: z.string(),
  name: z.string(),
  reason: z.string(),
});
export type InconsistentObjectData = z.infer<typeof InconsistentObjectData>;

/** A run that recorded something about the metadata. */
const RecordedRun = z.object({
  at: z.iso.datetime().describe("When the run recorded it."),
  runId: z.string(),
  operation: z.string().optional(),
  user: z.string().optional(),
});
export type RecordedRun = z.infer<typeof RecordedRun>;

/** What runs have recorded about an inconsistent object. */
export const InconsistentSince = z.object({
  relation: z
    .enum(["since-run", "before-run", "after-run"])
    .describe(
      "`since-run`: it has been inconsistent since the run replaced the metadata. `before-run`: it was already inconsistent when the run recorded it first. `after-run`: it became inconsistent after the run.",
    ),
  ...RecordedRun.shape,
});
export type InconsistentSince = z.infer<typeof InconsistentSince>;

/** The last replacement of the metadata by a run. */
export const LastReplacement = z.object({
  ...RecordedRun.shape,
  canRestore: z.boolean().describe("True if the metadata that it replaced is kept."),
});
export type LastReplacement = z.infer<typeof LastReplacement>;

/** Where something is in the project. */
export const ProjectPosition = z.object({
  at: z
    .array(z.union([z.string(), z.int()]))
    .optional()
    .describe("Where it is in the project's metadata: keys, and indexes from 0."),
  place: FilePlace.optional().describe("Its position in the project's files, if known."),
});

/** The same, with its position in the project. */
export const PlacedInconsistentObject = InconsistentObjectData.extend(ProjectPosition.shape);
export type PlacedInconsistentObject = z.infer<typeof PlacedInconsistentObject>;

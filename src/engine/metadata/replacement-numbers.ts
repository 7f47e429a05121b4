/** The numbers of a deployment's replacements in the record of its run. */
export const replacementNumbers = { sources: 1, takenOut: 2, project: 3, putBack: 4 } as const;

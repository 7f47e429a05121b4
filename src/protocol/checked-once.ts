/**
 * Options of a schema's `parse` for a value that is checked once. zod compiles a schema on its first use, which takes longer than
 * checking a single value without.
 */
export const checkedOnce = { jitless: true } as const;

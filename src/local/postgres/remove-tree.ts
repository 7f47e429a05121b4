import { rm } from "node:fs/promises";

/**
 * Removes a directory into which the programs of a killed process may still be writing. What cannot be removed is left for the next
 * time.
 */
export async function removeTree(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
}

/** The contract this side speaks. It goes up by one when a request or an event changes its meaning. */
export const contractVersion = 1;

/** The oldest contract this side still understands: versions overlap by one. */
export const oldestContract = Math.max(1, contractVersion - 1);

/** True when a peer of that contract version and this side understand each other. */
export function speaks(version: number): boolean {
  return Number.isInteger(version) && version >= oldestContract && version <= contractVersion;
}

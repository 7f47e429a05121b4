/** Version of the contract between client and function. It increases by one when a request or an event changes meaning. */
export const contractVersion = 1;

/** The oldest contract version that is still supported: the current one and the one before it. */
export const oldestContract = Math.max(1, contractVersion - 1);

/** True if this side supports a peer with that contract version. */
export function isSupportedContract(version: number): boolean {
  return Number.isInteger(version) && version >= oldestContract && version <= contractVersion;
}

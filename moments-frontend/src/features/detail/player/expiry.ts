/** Signed addresses are renewed this long before they expire. */
export const EARLY_MS = 5 * 60 * 1000;

/** Returns the milliseconds until an address with this expiry should be renewed; at most 0 when it is time. */
export function untilRefresh(expiresAt: string, now: number = Date.now()): number {
  const left = Date.parse(expiresAt) - now;
  // An address that is valid for less is used for half of the remaining time.
  return left > EARLY_MS ? left - EARLY_MS : Math.min(left / 2, left - 1_000);
}

/** Signed addresses are asked for anew so long before they expire. */
export const EARLY_MS = 5 * 60 * 1000;

/** Milliseconds until an address that expires then should be asked for again; at most 0 when it is time. */
export function untilRefresh(expiresAt: string, now: number = Date.now()): number {
  const left = Date.parse(expiresAt) - now;
  // An address that never lived so long is kept for half of what is left.
  return left > EARLY_MS ? left - EARLY_MS : Math.min(left / 2, left - 1_000);
}

import type { RunStatus } from "@/api/types";

export const POLL_MS = 2_000;
export const HIDDEN_POLL_MS = 20_000;
/** The interval while no worker works on the run: one may start at any time. */
export const STALLED_POLL_MS = 10_000;
/** The interval while the server is away. */
export const AWAY_POLL_MS = 5_000;

export interface Polled {
  status: RunStatus;
  stalled: boolean;
}

export function isActive(status: string): boolean {
  return status === "queued" || status === "processing";
}

/**
 * Returns the milliseconds until the run is requested again, for TanStack Query's `refetchInterval`, or false once it has ended (F75). The
 * interval is longer while no worker works on it, and longest in a hidden tab.
 */
export function pollInterval(run: Polled | undefined, { hidden = document.hidden, failed = false } = {}): number | false {
  if (run !== undefined && !isActive(run.status)) return false;
  if (hidden) return HIDDEN_POLL_MS;
  if (run?.stalled) return STALLED_POLL_MS;
  return failed ? AWAY_POLL_MS : POLL_MS;
}

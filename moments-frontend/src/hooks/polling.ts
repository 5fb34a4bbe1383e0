import type { RunStatus } from "@/api/types";

export const POLL_MS = 2_000;
export const HIDDEN_POLL_MS = 20_000;
/** While no worker is at the run: one may start at any time. */
export const STALLED_POLL_MS = 10_000;
/** While the server is away. */
export const AWAY_POLL_MS = 5_000;

export interface Polled {
  status: RunStatus;
  stalled: boolean;
}

export function isActive(status: string): boolean {
  return status === "queued" || status === "processing";
}

/**
 * How long until the run is asked for again, for TanStack Query's `refetchInterval`; false ends the polling: the run has ended
 * (F75). One that nobody works on is asked for less often, and a hidden tab asks rarely.
 */
export function pollInterval(run: Polled | undefined, { hidden = document.hidden, failed = false } = {}): number | false {
  if (run !== undefined && !isActive(run.status)) return false;
  if (hidden) return HIDDEN_POLL_MS;
  if (run?.stalled) return STALLED_POLL_MS;
  return failed ? AWAY_POLL_MS : POLL_MS;
}

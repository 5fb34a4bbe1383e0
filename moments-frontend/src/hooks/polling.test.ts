import { expect, it } from "vitest";
import { AWAY_POLL_MS, HIDDEN_POLL_MS, POLL_MS, pollInterval, STALLED_POLL_MS } from "./polling";

it.each(["completed", "failed", "cancelled"] as const)("F75: stops at %s", (status) => {
  expect(pollInterval({ status, stalled: false }, { hidden: false })).toBe(false);
});

it("asks less often while nobody works on the run, and goes on when somebody does", () => {
  expect(pollInterval({ status: "processing", stalled: true }, { hidden: false })).toBe(STALLED_POLL_MS);
  expect(pollInterval({ status: "queued", stalled: true }, { hidden: true })).toBe(HIDDEN_POLL_MS);
  expect(pollInterval({ status: "processing", stalled: false }, { hidden: false })).toBe(POLL_MS);
});

it.each(["queued", "processing"] as const)("asks every two seconds while it is %s, rarely in a hidden tab", (status) => {
  expect(pollInterval({ status, stalled: false }, { hidden: false })).toBe(POLL_MS);
  expect(pollInterval({ status, stalled: false }, { hidden: true })).toBe(HIDDEN_POLL_MS);
});

it("asks less often while the server is away", () => {
  expect(pollInterval(undefined, { hidden: false, failed: true })).toBe(AWAY_POLL_MS);
});

import { expect, it } from "vitest";
import { EARLY_MS, untilRefresh } from "./expiry";

const NOW = Date.parse("2026-05-01T10:00:00Z");
const after = (milliseconds: number) => new Date(NOW + milliseconds).toISOString();

it("F76: a signed address is asked for again five minutes before it expires", () => {
  expect(EARLY_MS).toBe(300_000);
  expect(untilRefresh(after(3_600_000), NOW)).toBe(3_300_000);
});

it("F76: one that lives less than that is kept for half of its life", () => {
  expect(untilRefresh(after(120_000), NOW)).toBe(60_000);
  expect(untilRefresh(after(EARLY_MS), NOW)).toBe(150_000);
});

it.each([0, -1, -7_200_000])("F76: it is time where %d ms are left", (left) => {
  expect(untilRefresh(after(left), NOW)).toBeLessThanOrEqual(0);
});

it("reads the server's zone, not the browser's", () => {
  expect(untilRefresh("2026-05-01T13:00:00+02:00", NOW)).toBe(3_300_000);
});

it("is soon for an address that lives shortly", () => {
  expect(untilRefresh(after(10_000), NOW)).toBe(5_000);
});

import { expect, it } from "vitest";
import { originOf } from "./origin";

const measured = "A passage on one topic (measured on the wording). Boundaries: measured: start in a silence; no understanding of content";

it.each([
  ["the built-in engines", "extractive+signal", measured, { who: "Found by VideoMoments", why: null, details: `extractive+signal: ${measured}` }],
  [
    "a model's own words without the measurements",
    "minimax+signal",
    "They agree on the budget. Boundaries: measured: end unchanged",
    { who: "Found by minimax", why: "They agree on the budget.", details: "minimax+signal: They agree on the budget. Boundaries: measured: end unchanged" },
  ],
  ["a model that gave no reason", "minimax", null, { who: "Found by minimax", why: null, details: null }],
  ["measurements alone", "minimax+signal", "Boundaries: end unchanged", { who: "Found by minimax", why: null, details: "minimax+signal: Boundaries: end unchanged" }],
  ["nobody's engine", null, null, { who: "Made by hand", why: null, details: null }],
])("tells %s", (_, engine, reason, shown) => {
  expect(originOf({ engine, reason, edited_at: null })).toEqual(shown);
});

it("says that a found moment was edited, and not that one's own was", () => {
  expect(originOf({ engine: "extractive", reason: null, edited_at: "2026-01-01T00:00:00Z" }).who).toBe("Found by VideoMoments, edited");
  expect(originOf({ engine: null, reason: null, edited_at: "2026-01-01T00:00:00Z" }).who).toBe("Made by hand");
});

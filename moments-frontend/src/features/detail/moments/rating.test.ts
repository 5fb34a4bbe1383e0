import { expect, it } from "vitest";
import type { MomentOut } from "@/api/types";
import { ordered, ratingOf, scoresTell } from "./rating";

const moment = (identifier: string, score: number | null) => ({ identifier, score }) as MomentOut;

it.each([
  [1, "Strong"],
  [0.75, "Strong"],
  [0.74, "Good"],
  [0.25, "Fair"],
  [0, "Weak"],
  [null, null],
] as const)("says a score of %s in a word", (score, word) => {
  expect(ratingOf(score)).toBe(word);
});

it("says nothing with scores that are all the same, or of one moment", () => {
  expect(scoresTell([moment("a", 0.5), moment("b", 0.5), moment("c", null)])).toBe(false);
  expect(scoresTell([moment("a", 0.5), moment("b", 0.6)])).toBe(true);
});

it("sorts by score, and equal ones by time", () => {
  const all = [moment("a", null), moment("b", 0.2), moment("c", 0.9), moment("d", 0.2)];
  expect(ordered(all, "score")).toEqual(["c", "b", "d", "a"]);
  expect(ordered(all, "time")).toEqual(["a", "b", "c", "d"]);
});

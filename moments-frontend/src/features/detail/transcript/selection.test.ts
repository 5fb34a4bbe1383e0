import { expect, it } from "vitest";
import { linesOf, titleOf } from "./selection";

const word = (text: string, start: number) => ({ word: text, start, end: start + 0.3, confidence: null });

it("gives every word to one line, in order", () => {
  const words = [word("a", 0), word("b", 1), word("c", 2.2), word("d", 9)];
  const lines = linesOf(words, [
    { start: 0, end: 1.5 },
    { start: 2, end: 3 },
  ]);
  expect(lines.map(({ first, last }) => [first, last])).toEqual([
    [0, 1],
    [2, 3],
  ]);
});

it("makes a title of the first words", () => {
  expect(titleOf([word("Bread", 0), word("rises,", 1)])).toBe("Bread rises");
  expect(titleOf([])).toBe("New moment");
});

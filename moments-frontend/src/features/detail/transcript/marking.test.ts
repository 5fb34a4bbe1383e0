import { expect, it } from "vitest";
import { extended } from "./marking";

const words = "One two three. Four five six. Seven".split(" ").map((word, index) => ({ word, start: index, end: index + 0.8, confidence: null }));

it("begins with the word at the playhead, then goes on word by word, in both directions", () => {
  const first = extended(null, "ArrowRight", false, 2, words);
  expect(first).toEqual({ from: 2, to: 2 });
  const second = extended(first, "ArrowRight", false, 2, words);
  expect(second).toEqual({ from: 2, to: 3 });
  expect(extended(first, "ArrowLeft", false, 2, words)).toEqual({ from: 2, to: 1 });
});

it("stays inside the words", () => {
  expect(extended({ from: 6, to: 6 }, "ArrowRight", false, 0, words)).toEqual({ from: 6, to: 6 });
  expect(extended({ from: 3, to: 3 }, "ArrowUp", false, 0, words)).toEqual({ from: 3, to: 0 });
});

it("goes to the end of the sentence, and back to its start", () => {
  expect(extended({ from: 3, to: 3 }, "ArrowRight", true, 0, words)).toEqual({ from: 3, to: 5 });
  expect(extended({ from: 5, to: 5 }, "ArrowLeft", true, 0, words)).toEqual({ from: 5, to: 3 });
});

it("leaves other keys alone", () => {
  expect(extended(null, "a", false, 0, words)).toBeNull();
});

import { expect, it } from "vitest";
import type { Word } from "@/api/types";
import { chosenWords, wordDifferences } from "./wordMerging";

const said = (...texts: string[]): Word[] => texts.map((word, index) => ({ word, start: index, end: index + 0.5 }));
const seen = said("So", " bred", " rises");
const mine = [
  { index: 1, was: " bred", word: "bread" },
  { index: 2, was: " rises", word: "rose" },
];

it("lets corrections of other words stand beside mine, and asks about the same word", () => {
  const theirs = said("Well", " bred", " raises");
  const found = wordDifferences(seen, theirs, mine) ?? [];
  expect(found.map(({ name, preferred }) => [name, preferred])).toEqual([
    ["1", "mine"],
    ["2", null],
  ]);
  expect(chosenWords(theirs, mine, found, { "2": "theirs" })).toEqual([{ index: 1, was: " bred", word: "bread" }]);
  expect(chosenWords(theirs, mine, found, { "2": "mine" })).toEqual([
    { index: 1, was: " bred", word: "bread" },
    { index: 2, was: " raises", word: "rose" },
  ]);
});

it("knows a transcript that was made anew", () => {
  expect(wordDifferences(seen, said("Other"), mine)).toBeNull();
  expect(
    wordDifferences(
      seen,
      seen.map((word) => ({ ...word, start: word.start + 0.1 })),
      mine,
    ),
  ).toBeNull();
});

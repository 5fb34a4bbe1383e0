import { expect, it } from "vitest";
import type { Word } from "@/api/types";
import { piecesOf, strongSentence } from "./strongSentence";

/** Words of a second each. A word after "?" is one of low confidence. */
const said = (text: string): Word[] =>
  text.split(" ").map((word, at) => ({ word: word.replace(/^\?/, ""), start: at, end: at + 0.9, confidence: word.startsWith("?") ? 0.2 : 0.9 }));

function shown(text: string, start = 0, end = 1000): string | null {
  const words = said(text);
  const found = strongSentence(words, start, end);
  return found === null ? null : piecesOf(words, found, true).reduce((all, piece) => all + (piece.unsure ? `[${piece.text}]` : piece.text), "");
}

it.each([
  [
    "the first sentence that is long enough",
    "Right. I see. My first website cost two hundred dollars. It took a year to build it all.",
    "My first website cost two hundred dollars.",
  ],
  ["a sentence without the hesitations at its beginning", "Um, so, uh, let me look at my own notes.", "… let me look at my own notes."],
  ["an opening without a comma as it is", "So we let the dough rise all night.", "So we let the dough rise all night."],
  ["the longest, where all are short", "Yes. Bread rises. No.", "Bread rises."],
  ["another than one of mostly doubtful words", "?Social ?media ?is ?what we really are. We charged the client two hundred dollars.", "We charged the client two hundred dollars."],
  ["doubtful words as such", "We charged ?two ?hundred dollars for the website.", "We charged [two] [hundred] dollars for the website."],
])("shows %s", (_, text, expected) => {
  expect(shown(text)).toBe(expected);
});

it("shows what is said in the moment, and nothing where nobody speaks in it", () => {
  const text = "The bread of my mother rose slowly. The oven of my father was hot.";
  expect(shown(text, 7, 14)).toBe("The oven of my father was hot.");
  expect(shown(text, 500, 600)).toBeNull();
});

it("counts letters in scripts without spaces", () => {
  const words = ["はい。", "私の最初の", "ウェブサイトは", "二百ドルでした。", "はい。"].map((word, at) => ({
    word,
    start: at,
    end: at + 0.9,
    confidence: null,
    space_before: false,
  }));
  const found = strongSentence(words, 0, 10);
  expect(found).toEqual({ first: 1, last: 3, shortened: false });
  expect(piecesOf(words, found ?? { first: 0, last: 0, shortened: false }, false)).toEqual([{ text: "私の最初のウェブサイトは二百ドルでした。", unsure: false }]);
});

it("cuts speech without punctuation", () => {
  const words = said("word ".repeat(100).trim());
  expect(strongSentence(words, 0, 1000)).toEqual({ first: 0, last: 39, shortened: false });
});

it("marks nothing where the confidences mean nothing", () => {
  const words = said("We charged ?two hundred dollars for it.");
  expect(piecesOf(words, { first: 0, last: 6, shortened: false }, false)).toEqual([{ text: "We charged two hundred dollars for it.", unsure: false }]);
});

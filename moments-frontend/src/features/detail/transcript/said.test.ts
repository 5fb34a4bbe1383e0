import { expect, it } from "vitest";
import type { Word } from "@/api/types";
import { corrections, holding, runningText, unitCount, written } from "./said";
import said from "./said.json";
import { titleOf } from "./selection";

const word = (text: string, space?: boolean): Word => ({ word: text, start: 0, end: 1, confidence: null, ...(space === undefined ? {} : { space_before: space }) });
const price = [word("By"), word("3", true), word(".5", false), word("%", true), word("state", true), word("-of", false), word("-the", false), word("-art.", false)];

it.each(said.map(({ language, text, words }) => [language, text, words] as const))("F83: the page reads what was written (%s: %s)", (_, text, words) => {
  expect(runningText(words)).toBe(text);
  // An editor without typing changes nothing.
  expect(corrections(written(words, 0, words.length - 1), text)).toEqual(new Map());
});

it("reads transcripts without spaces of their own as before", () => {
  expect(runningText(["3", ".5", "%"].map((text) => word(text)))).toBe("3 .5 %");
  expect(runningText(["今日", "は", "OK", "です"].map((text) => word(text)))).toBe("今日は OK です");
});

it("F83: finds and marks what goes over several words", () => {
  const line = written(price, 0, price.length - 1);
  expect(runningText(price)).toBe("By 3.5 % state-of-the-art.");
  expect([...holding(line, ["3.5"])]).toEqual([1, 2]);
  expect([...holding(line, ["state-of", "by"])]).toEqual([4, 5, 0]);
  expect(holding(line, ["3 .5"]).size).toBe(0);
});

it("F83: corrects a word that is written in several pieces, and leaves the pieces that stay", () => {
  const line = written(price, 0, price.length - 1);
  expect(unitCount(line)).toBe(4);
  expect(corrections(line, "By 3.6 % state-of-the-art.")).toEqual(new Map([[2, ".6"]]));
  expect(corrections(line, "By 4 % state-of-the-art.")).toEqual(
    new Map([
      [1, "4"],
      [2, ""],
    ]),
  );
  expect(corrections(line, "By 3.5 % state-of-an-art.")).toEqual(new Map([[6, "-an"]]));
  expect(corrections(line, "By 3.5 % state of the art.")).toBeNull();
  const han = written([word("今日", false), word("は", false), word("東京", false), word("へ", false)], 0, 3);
  expect(corrections(han, "今日は大阪へ")).toEqual(new Map([[2, "大阪"]]));
});

it("keeps the space of a word that was emptied", () => {
  expect(runningText([word("By"), word("", true), word(".6", false)])).toBe("By .6");
});

it("F98: makes no title of words that were hardly heard", () => {
  const heard = (text: string, confidence: number | null) => ({ ...word(text, true), confidence });
  expect(titleOf([heard("Social", 0.06), heard("media", 0.13)])).toBe("New moment");
  expect(titleOf([heard("Bread", 0.9), heard("rises", null)])).toBe("Bread rises");
});

it("F83: titles are cut between words, not inside one", () => {
  expect(titleOf(price)).toBe("By 3.5 % state-of-the-art");
  expect(titleOf(["a", "b", "c", "d", "e", "f"].map((text) => word(text, true)).concat(word("2", true), word(".0", false), word("end", true)))).toBe("a b c d e f 2.0");
  expect(titleOf(Array.from({ length: 60 }, () => word("ก", false)))).toHaveLength(40);
});

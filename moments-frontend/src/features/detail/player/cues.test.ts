import { expect, it } from "vitest";
import type { Word } from "@/api/types";
import { cueAt, cuesOf, LONGEST, MOST_COLUMNS } from "./cues";

/** Returns words of 0.3 s, each 0.4 s after the one before, from `start` on. */
function said(text: string, start = 0, each = 0.4): Word[] {
  return text.split(" ").map((word, index) => ({ word, start: start + index * each, end: start + index * each + each * 0.75, confidence: null }));
}
const all = (words: readonly Word[], text = "") => [{ start: words[0]?.start ?? 0, end: words.at(-1)?.end ?? 0, text }];

it("shows a short line as it was said, and a moment longer", () => {
  const words = said("Bread rises slowly.", 2);
  expect(cuesOf(words, all(words))).toEqual([{ start: 2, end: expect.closeTo(3.9, 6) as number, text: "Bread rises slowly." }]);
});

it("ends a caption where a line of the transcript ends, and shows one at a time", () => {
  const words = [...said("One two.", 0), ...said("Three four.", 0.8)];
  const cues = cuesOf(words, [
    { start: 0, end: 0.7, text: "" },
    { start: 0.8, end: 1.5, text: "" },
  ]);
  expect(cues.map(({ text }) => text)).toEqual(["One two.", "Three four."]);
  expect(cues[0]?.end).toBe(0.8);
});

it("cuts a long line into captions of two lines, at a stop where there is one", () => {
  const words = said(`${"bread ".repeat(10)}rises, ${"water ".repeat(30)}flows`, 0, 0.1);
  const cues = cuesOf(words, all(words));
  expect(cues[0]?.text).toBe(`${"bread ".repeat(10)}rises,`);
  expect(Math.max(...cues.map(({ text }) => text.length))).toBeLessThanOrEqual(MOST_COLUMNS);
  expect(cues.map(({ text }) => text).join(" ")).toBe(words.map(({ word }) => word).join(" "));
  for (const [index, cue] of cues.entries()) expect(cue.end).toBeLessThanOrEqual(cues[index + 1]?.start ?? Infinity);
});

it("ends a caption at a pause, and when it has stood long enough", () => {
  const paused = [...said("One two", 0), ...said("three", 5)];
  expect(cuesOf(paused, all(paused)).map(({ text }) => text)).toEqual(["One two", "three"]);
  const slow = said("a b c d e f", 0, 2);
  for (const cue of cuesOf(slow, all(slow))) expect(cue.end - cue.start).toBeLessThanOrEqual(LONGEST + 1);
});

it("writes words as they were written, and wide characters take two columns", () => {
  const price = [
    { word: "By", start: 0, end: 0.2, confidence: null },
    { word: "3", start: 0.2, end: 0.4, confidence: null, space_before: true },
    { word: ".5", start: 0.4, end: 0.6, confidence: null, space_before: false },
  ];
  expect(cuesOf(price, all(price))[0]?.text).toBe("By 3.5");
  const han = Array.from({ length: 60 }, (_, index) => ({ word: "今", start: index / 10, end: index / 10 + 0.1, confidence: null, space_before: false }));
  expect(cuesOf(han, all(han)).map(({ text }) => text.length)).toEqual([42, 18]);
});

it("shows lines without words as they are", () => {
  expect(cuesOf([], [{ start: 1, end: 2, text: " Good morning. " }]).map(({ text }) => text)).toEqual(["Good morning."]);
  expect(cuesOf([], [])).toEqual([]);
});

it("finds the caption at a time, and none between two", () => {
  const cues = [
    { start: 1, end: 2, text: "a" },
    { start: 4, end: 5, text: "b" },
  ];
  expect([0, 1, 1.9, 2, 3, 4, 5].map((time) => cueAt(cues, time))).toEqual([-1, 0, 0, -1, -1, 1, -1]);
  expect(cueAt([], 1)).toBe(-1);
});

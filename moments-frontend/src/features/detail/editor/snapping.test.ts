import { describe, expect, it } from "vitest";
import { snap, within, wordAt } from "./snapping";

const words = [
  { word: "Bread", start: 1, end: 1.4, confidence: null },
  { word: "is", start: 1.5, end: 1.7, confidence: null },
  { word: "old.", start: 3, end: 3.6, confidence: null },
];

describe("wordAt", () => {
  it.each([
    [0.5, -1],
    [1, 0],
    [1.45, 0],
    [1.6, 1],
    [99, 2],
  ])("at %d is word %d", (time, index) => {
    expect(wordAt(words, time)).toBe(index);
  });
});

describe("snap", () => {
  it("takes a start to the nearest start of a word", () => {
    expect(snap(1.2, "start", words)).toBe(1);
    expect(snap(2.8, "start", words)).toBe(3);
  });
  it("takes an end to the nearest end of a word", () => {
    expect(snap(1.8, "end", words)).toBe(1.7);
    expect(snap(3.8, "end", words)).toBe(3.6);
  });
  it("leaves an edge in a long silence where it is", () => {
    expect(snap(2.3, "start", words)).toBe(2.3);
    expect(snap(50, "end", words)).toBe(50);
  });
  it("prefers a cut that is nearer", () => {
    expect(snap(2.9, "start", words, { cuts: [2.92] })).toBe(2.92);
  });
  it("takes an edge in a pause to where the silence ends or begins", () => {
    const silences = [
      { start: 0, end: 0.2 },
      { start: 1.75, end: 2.4 },
    ];
    expect(snap(2.25, "start", words, { silences })).toBe(2.4);
    expect(snap(2.05, "end", words, { silences })).toBe(1.75);
    expect(snap(0.4, "start", [], { silences })).toBe(0.2);
    expect(snap(9, "end", [], { silences })).toBe(9);
  });
  it("never goes further than its reach", () => {
    for (let time = 0; time < 5; time += 0.01) expect(Math.abs(snap(time, "start", words, { cuts: [2.2] }) - time)).toBeLessThanOrEqual(0.35);
  });
});

describe("within", () => {
  it("keeps a stretch inside the recording and not empty", () => {
    expect(within(-3, 5, 10)).toEqual({ start: 0, end: 5 });
    expect(within(8, 12, 10)).toEqual({ start: 8, end: 10 });
    expect(within(5, 4, 10)).toEqual({ start: 5, end: 5.1 });
  });
});

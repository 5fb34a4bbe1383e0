import { describe, expect, it } from "vitest";
import { formatAgo, formatDuration, formatTime, parseTime } from "./time";

describe("formatTime", () => {
  it.each([
    [0, "0:00.0"],
    [59.96, "1:00.0"],
    [61.25, "1:01.3"],
    [3599.949, "59:59.9"],
    [3599.96, "1:00:00.0"],
    [3661.5, "1:01:01.5"],
    [36_000.5, "10:00:00.5"],
    [-1, "0:00.0"],
  ])("shows %d as %s", (seconds, text) => {
    expect(formatTime(seconds)).toBe(text);
  });

  it("leaves the tenths out on request, rounded", () => {
    expect(formatTime(59.6, { tenths: false })).toBe("1:00");
    expect(formatTime(3599.6, { tenths: false })).toBe("1:00:00");
  });
});

describe("parseTime", () => {
  it.each([
    ["0:01:01.3", 61.3],
    ["1:01", 61],
    ["75.5", 75.5],
    ["75,5", 75.5],
    [" 2:00:00 ", 7200],
  ])("reads %s", (text, seconds) => {
    expect(parseTime(text)).toBeCloseTo(seconds, 6);
  });

  it.each(["", "abc", "1:75", "1:2:3:4", "-4", "1.5:00", "1:"])("refuses %j", (text) => {
    expect(parseTime(text)).toBeNull();
  });

  it("reads back every tenth it shows", () => {
    for (let tenth = 0; tenth < 50_000; tenth += 37) expect(parseTime(formatTime(tenth / 10))).toBeCloseTo(tenth / 10, 6);
  });
});

it("says durations as people do", () => {
  expect([0.4, 42, 185, 4805].map(formatDuration)).toEqual(["0.4 s", "42 s", "3 min 05 s", "1 h 20 min"]);
});

it("says how long ago in the largest unit that fits", () => {
  const now = Date.parse("2026-01-01T12:00:00Z");
  expect(formatAgo("2026-01-01T11:57:30Z", now)).toMatch(/2/);
  expect(formatAgo("2025-12-30T12:00:00Z", now)).toMatch(/2|yesterday/);
});

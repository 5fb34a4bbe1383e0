import { beforeEach, expect, it } from "vitest";
import type { MomentOut } from "@/api/types";
import { differences } from "@/lib/merging";
import { addConflict, chosenOf, conflicts, dropConflict, hasAll, mineOf, MOMENT_FIELDS } from "./conflictStore";

const seen = { identifier: "m1", title: "Bread", start_time: 1, end_time: 30, review: "new", etag: '"a"' } as MomentOut;

beforeEach(() => dropConflict("m1"));

it("keeps one conflict a moment, with all that I wanted and the newest of theirs", () => {
  addConflict({ videoId: "v", seen, theirs: { ...seen, title: "One" }, mine: { title: "Mine" } });
  addConflict({ videoId: "v", seen: { ...seen, title: "One" }, theirs: { ...seen, title: "Two" }, mine: { end_time: 30.02 } });
  const [only, ...rest] = conflicts.get();
  if (only === undefined) throw new Error("there is one");
  expect(rest).toEqual([]);
  expect(mineOf(only)).toMatchObject({ title: "Mine", end_time: 30.02, start_time: 1 });
  const found = differences(MOMENT_FIELDS, only.seen, only.theirs, mineOf(only));
  expect(found.map(({ name, theirs, mine, preferred }) => [name, theirs, mine, preferred])).toEqual([
    ["title", "Two", "Mine", null],
    ["end_time", "0:30.000", "0:30.020", "mine"],
  ]);
  expect(chosenOf(only, { title: "theirs", end_time: "mine" })).toEqual({ end_time: 30.02 });
});

it("knows what needs no decision", () => {
  expect(hasAll({ ...seen, title: "Mine" }, { title: "Mine", end_time: null })).toBe(true);
  expect(hasAll(seen, { title: "Mine" })).toBe(false);
});

it("holds the tab while a change is not saved, whichever page is shown", () => {
  const held = () => !window.dispatchEvent(new Event("beforeunload", { cancelable: true }));
  expect(held()).toBe(false);
  addConflict({ videoId: "v", seen, theirs: seen, mine: { title: "Mine" } });
  expect(held()).toBe(true);
  dropConflict("m1");
  expect(held()).toBe(false);
});

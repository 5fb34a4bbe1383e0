import { expect, it } from "vitest";
import { allToggled, NONE_PICKED, toggled } from "./picking";

const ORDER = ["a", "b", "c", "d"];

it("picks one, and unpicks it", () => {
  const one = toggled(NONE_PICKED, "b", false, ORDER);
  expect([...one.ids]).toEqual(["b"]);
  expect([...toggled(one, "b", false, ORDER).ids]).toEqual([]);
});

it("with Shift picks or unpicks all between the last one and this, in the order that is shown", () => {
  const last = toggled(toggled(NONE_PICKED, "d", false, ORDER), "b", true, ORDER);
  expect([...last.ids].sort()).toEqual(["b", "c", "d"]);
  expect([...toggled(last, "c", true, ORDER).ids]).toEqual(["d"]);
  expect([...toggled(NONE_PICKED, "c", true, ORDER).ids]).toEqual(["c"]);
});

it("goes on from a moment that is gone as from none", () => {
  expect([...toggled({ ids: new Set(), anchor: "gone" }, "c", true, ORDER).ids]).toEqual(["c"]);
});

it("picks all, and none where all are", () => {
  const all = allToggled(toggled(NONE_PICKED, "a", false, ORDER), ORDER);
  expect([...all.ids]).toEqual(ORDER);
  expect(allToggled(all, ORDER)).toEqual(NONE_PICKED);
});

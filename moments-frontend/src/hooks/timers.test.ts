import { act, cleanup, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { useDebounced } from "./useDebounced";
import { useNow } from "./useNow";

const pass = (milliseconds: number) => act(() => void vi.advanceTimersByTime(milliseconds));

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

it("takes over what was typed once it rests, and nothing in between", () => {
  const seen: string[] = [];
  const { rerender } = renderHook(({ value }) => void seen.push(useDebounced(value, 250)), { initialProps: { value: "" } });
  for (const value of ["b", "br", "bre"]) {
    rerender({ value });
    pass(200);
  }
  expect(new Set(seen)).toEqual(new Set([""]));
  pass(50);
  expect(seen.at(-1)).toBe("bre");
  expect(new Set(seen)).toEqual(new Set(["", "bre"]));
});

it("tells the time each second while something runs, and rests afterwards", () => {
  const { result, rerender } = renderHook(({ running }) => useNow(running), { initialProps: { running: true } });
  const first = result.current;
  pass(3_000);
  expect(result.current - first).toBe(3_000);
  rerender({ running: false });
  pass(5_000);
  expect(result.current - first).toBe(3_000);
});

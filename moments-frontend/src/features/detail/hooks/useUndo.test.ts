import { renderHook } from "@testing-library/react";
import { expect, it } from "vitest";
import { useUndo } from "./useUndo";

it("takes back the newest first, and then says that there is nothing", () => {
  const { result } = renderHook(() => useUndo());
  const taken: string[] = [];
  for (const label of ["a", "b"]) result.current.push({ label, undo: () => taken.push(label) });
  expect([result.current.undo(), result.current.undo(), result.current.undo()]).toEqual(["b", "a", null]);
  expect(taken).toEqual(["b", "a"]);
});

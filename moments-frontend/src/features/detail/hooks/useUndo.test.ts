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

it("forgets what was refused, and nothing else", () => {
  const { result } = renderHook(() => useUndo());
  const taken: string[] = [];
  const [kept, refused] = ["kept", "refused"].map((label) => ({ label, undo: () => taken.push(label) }));
  if (kept === undefined || refused === undefined) throw new Error("two were made");
  result.current.push(kept);
  result.current.push(refused);
  result.current.drop(refused);
  expect([result.current.undo(), result.current.undo()]).toEqual(["kept", null]);
  expect(taken).toEqual(["kept"]);
});

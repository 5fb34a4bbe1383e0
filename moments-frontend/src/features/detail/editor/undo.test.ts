import { expect, it } from "vitest";
import { createUndo } from "./undo";

it("takes back the newest first, and then says that there is nothing", () => {
  const undo = createUndo();
  const taken: string[] = [];
  for (const label of ["a", "b"]) undo.push({ label, undo: () => taken.push(label) });
  expect([undo.undo(), undo.undo(), undo.undo()]).toEqual(["b", "a", null]);
  expect(taken).toEqual(["b", "a"]);
});

it("forgets what was refused, and nothing else", () => {
  const undo = createUndo();
  const taken: string[] = [];
  const [kept, refused] = ["kept", "refused"].map((label) => ({ label, undo: () => taken.push(label) }));
  if (kept === undefined || refused === undefined) throw new Error("two were made");
  undo.push(kept);
  undo.push(refused);
  undo.drop(refused);
  expect([undo.undo(), undo.undo()]).toEqual(["kept", null]);
  expect(taken).toEqual(["kept"]);
});

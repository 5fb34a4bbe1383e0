import { expect, it } from "vitest";
import { fakeServer } from "./fakeServer";
import { splitting } from "./split";

function opened(title = "Bread") {
  const server = fakeServer({ title, start_time: 5, end_time: 30 });
  return { ...server, editor: splitting(server.changes) };
}

it("makes two moments of one, and one of them again", async () => {
  const { editor, undo, moment, shown, settled } = opened();
  editor.split(moment("m1"), 12);
  await settled();
  expect(shown()).toEqual([
    ["Bread", 5, 12],
    ["Bread (2)", 12, 30],
  ]);
  expect(undo.undo()).toBe("Split");
  await settled();
  expect(shown()).toEqual([["Bread", 5, 30]]);
});

it.each([0, 5, 5.1, 29.9, 30, 99])("splits nothing at %d, which leaves a half without length", async (at) => {
  const { editor, undo, moment, messages, shown, settled } = opened();
  editor.split(moment("m1"), at);
  await settled();
  expect([shown(), undo.undo()]).toEqual([[["Bread", 5, 30]], null]);
  expect(messages.map(({ message }) => message)).toEqual(["Put the playhead inside the moment first."]);
});

it("keeps a long title within what a title may be", async () => {
  const { editor, moment, settled } = opened("x".repeat(300));
  editor.split(moment("m1"), 12);
  await settled();
  expect(moment("m2").title).toHaveLength(300);
});

it("loses nothing where the first half is refused: the second can be taken back", async () => {
  const { editor, undo, moment, errors, refuse, shown, settled } = opened();
  refuse("edit");
  editor.split(moment("m1"), 12);
  await settled();
  expect(errors).toHaveLength(1);
  expect(shown()).toEqual([
    ["Bread", 5, 30],
    ["Bread (2)", 12, 30],
  ]);
  expect(undo.undo()).toBe("Split");
  await settled();
  expect(shown()).toEqual([["Bread", 5, 30]]);
});

it("changes nothing where the second half is refused", async () => {
  const { editor, undo, moment, errors, refuse, shown, settled } = opened();
  refuse("create");
  editor.split(moment("m1"), 12);
  await settled();
  expect([shown(), errors.length, undo.undo()]).toEqual([[["Bread", 5, 30]], 1, null]);
});

import { beforeEach, expect, it } from "vitest";
import { dropConflict } from "./conflictStore";
import { fakeServer } from "./fakeServer";
import { judging } from "./judging";

function opened() {
  const server = fakeServer({ title: "Bread", review: "rejected" }, { title: "Yeast", review: "kept" }, { title: "Flour" });
  const all = ["m1", "m2", "m3"].map((id) => server.moment(id));
  return { ...server, all, editor: judging(server.changes), reviews: () => ["m1", "m2", "m3"].map((id) => server.moment(id).review) };
}

beforeEach(() => {
  for (const id of ["m1", "m2", "m3"]) dropConflict(id);
});

it("keeps several at once, and one undo gives each its own judgement back", async () => {
  const { editor, all, undo, reviews, messages, settled } = opened();
  editor.judge(all, "kept");
  await settled();
  expect(reviews()).toEqual(["kept", "kept", "kept"]);
  expect(messages.map((one) => one.message)).toEqual(["2 moments kept."]);
  expect(undo.undo()).toBe("Keep");
  await settled();
  expect(reviews()).toEqual(["rejected", "kept", "new"]);
  expect(undo.undo()).toBeNull();
});

it("undoes them from the message, and then not once more", async () => {
  const { editor, all, undo, reviews, messages, settled } = opened();
  editor.judge(all, "rejected");
  await settled();
  messages[0]?.action?.run();
  await settled();
  expect(reviews()).toEqual(["rejected", "kept", "new"]);
  expect(undo.undo()).toBeNull();
});

it("says how many were changed where one is refused, and undoes only those", async () => {
  const { editor, all, undo, reviews, messages, errors, refuse, settled } = opened();
  refuse("edit");
  editor.judge(all, "kept");
  await settled();
  expect([reviews(), errors.length, messages.map((one) => one.message)]).toEqual([["rejected", "kept", "kept"], 1, ["One moment kept."]]);
  undo.undo();
  await settled();
  expect([reviews(), errors.length]).toEqual([["rejected", "kept", "new"], 1]);
});

it("leaves nothing to undo where nothing was changed", async () => {
  const { editor, all, undo, messages, refuse, settled } = opened();
  editor.judge(
    [all[1]].flatMap((one) => one ?? []),
    "kept",
  );
  await settled();
  expect(messages.map((one) => one.message)).toEqual(["They are all kept already."]);
  refuse("edit");
  editor.judge(
    [all[0]].flatMap((one) => one ?? []),
    "kept",
  );
  await settled();
  expect([undo.undo(), messages.length]).toEqual([null, 1]);
});

import { beforeEach, expect, it } from "vitest";
import { addConflict, conflicts, dropConflict } from "./conflictStore";
import { fakeServer } from "./fakeServer";
import { merging } from "./merge";

const BOTH: [string, number, number][] = [
  ["Bread", 5, 30],
  ["Yeast", 30, 40],
];

function opened() {
  const server = fakeServer({ title: "Bread", start_time: 5, end_time: 30 }, { title: "Yeast", start_time: 30, end_time: 40 });
  return { ...server, editor: merging(server.changes) };
}

beforeEach(() => dropConflict("m1"));

it("makes one moment of two, and two of them again", async () => {
  const { editor, undo, moment, shown, settled } = opened();
  editor.merge(moment("m1"), moment("m2"));
  await settled();
  expect(shown()).toEqual([["Bread", 5, 40]]);
  expect(undo.undo()).toBe("Merge");
  await settled();
  expect(shown()).toEqual(BOTH);
});

it("never ends a moment earlier than it did", async () => {
  const { editor, moment, meanwhile, shown, settled } = opened();
  meanwhile("m2", { start_time: 10, end_time: 20 });
  editor.merge(moment("m1"), moment("m2"));
  await settled();
  expect(shown()).toEqual([["Bread", 5, 30]]);
});

it("is finished first when it is taken back while it goes on", async () => {
  const { editor, undo, moment, shown, settled } = opened();
  editor.merge(moment("m1"), moment("m2"));
  expect(undo.undo()).toBe("Merge");
  await settled();
  expect(shown()).toEqual(BOTH);
});

it("leaves nothing to take back where its first half was refused", async () => {
  const { editor, undo, moment, errors, refuse, shown, settled } = opened();
  refuse("edit");
  editor.merge(moment("m1"), moment("m2"));
  await settled();
  expect([shown(), errors.length, undo.undo()]).toEqual([BOTH, 1, null]);
});

it("takes back the half that happened where the other was refused", async () => {
  const { editor, undo, moment, errors, refuse, shown, settled } = opened();
  refuse("remove");
  editor.merge(moment("m1"), moment("m2"));
  await settled();
  expect(errors).toHaveLength(1);
  expect(shown()).toEqual([
    ["Bread", 5, 40],
    ["Yeast", 30, 40],
  ]);
  expect(undo.undo()).toBe("Merge");
  await settled();
  expect(shown()).toEqual(BOTH);
});

it("saves what was chosen over theirs, keeps the rest of theirs, and takes only mine back", async () => {
  const { editor, undo, moment, meanwhile, settled } = opened();
  const seen = moment("m1");
  meanwhile("m1", { title: "Theirs", end_time: 28 });
  addConflict({ videoId: "v", seen, theirs: moment("m1"), mine: { title: "Mine", end_time: 29 } });
  const [asked] = conflicts.get();
  if (asked === undefined) throw new Error("there is one");
  editor.decide(asked, { title: "mine", end_time: "theirs" });
  await settled();
  expect(moment("m1")).toMatchObject({ title: "Mine", end_time: 28 });
  expect(conflicts.get()).toEqual([]);
  expect(undo.undo()).toBe("Merge of changes");
  await settled();
  expect(moment("m1")).toMatchObject({ title: "Theirs", end_time: 28 });
});

it("saves nothing where all of theirs was chosen", async () => {
  const { editor, undo, moment, meanwhile, messages, settled } = opened();
  const seen = moment("m1");
  meanwhile("m1", { title: "Theirs" });
  const theirs = moment("m1");
  addConflict({ videoId: "v", seen, theirs, mine: { title: "Mine" } });
  const [asked] = conflicts.get();
  if (asked === undefined) throw new Error("there is one");
  editor.decide(asked, { title: "theirs" });
  await settled();
  expect([moment("m1"), conflicts.get(), undo.undo()]).toEqual([theirs, [], null]);
  expect(messages.map(({ message }) => message)).toEqual(["“Theirs” stays as it is."]);
});

it("saves a decision once, however often it is pressed, and can be asked again after a refusal", async () => {
  const { editor, undo, moment, meanwhile, errors, refuse, settled } = opened();
  const seen = moment("m1");
  meanwhile("m1", { title: "Theirs" });
  addConflict({ videoId: "v", seen, theirs: moment("m1"), mine: { title: "Mine" } });
  const [asked] = conflicts.get();
  if (asked === undefined) throw new Error("there is one");
  refuse("edit");
  editor.decide(asked, { title: "mine" });
  expect(conflicts.get().map((one) => one.saving)).toEqual([true]);
  await settled();
  expect([conflicts.get().map((one) => one.saving), errors.length]).toEqual([[false], 1]);
  editor.decide(asked, { title: "mine" });
  editor.decide(asked, { title: "theirs" });
  editor.decide(asked, { title: "mine" });
  await settled();
  expect([moment("m1").title, conflicts.get(), undo.undo(), undo.undo()]).toEqual(["Mine", [], "Merge of changes", null]);
});

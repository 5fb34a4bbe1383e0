import { beforeEach, expect, it } from "vitest";
import { conflicts, dropConflict } from "./conflictStore";
import { editing } from "./edit";
import { fakeServer } from "./fakeServer";

const MATERIAL = {
  words: [
    { word: "Bread", start: 1, end: 1.4, confidence: null },
    { word: "rises.", start: 1.5, end: 2.1, confidence: null },
  ],
  marks: { cuts: [10] },
  duration: 60,
};

function opened() {
  const server = fakeServer({ title: "Bread", start_time: 5, end_time: 30 });
  return { ...server, editor: editing(server.changes, MATERIAL) };
}

beforeEach(() => dropConflict("m1"));

it("saves a change, and takes it back", async () => {
  const { editor, undo, moment, settled } = opened();
  editor.edit(moment("m1"), { title: "Flour" }, "Title");
  await settled();
  expect(moment("m1").title).toBe("Flour");
  expect(undo.undo()).toBe("Title");
  await settled();
  expect(moment("m1").title).toBe("Bread");
});

it("moves an edge to a word's edge or a cut nearby, exactly where it is free, and never out of the recording", async () => {
  const { editor, moment, shown, settled } = opened();
  editor.move(moment("m1"), 1.2, 30, false);
  await settled();
  expect(shown()).toEqual([["Bread", 1, 30]]);
  editor.move(moment("m1"), 1, 9.8, false);
  await settled();
  expect(shown()).toEqual([["Bread", 1, 10]]);
  editor.move(moment("m1"), 1.2, 10, true);
  await settled();
  expect(shown()).toEqual([["Bread", 1.2, 10]]);
  editor.move(moment("m1"), 1.2, 99, true);
  await settled();
  expect(shown()).toEqual([["Bread", 1.2, 60]]);
});

it("leaves nothing to take back of what was refused, and says why", async () => {
  const { editor, undo, moment, errors, refuse, settled } = opened();
  refuse("edit");
  editor.edit(moment("m1"), { title: "Flour" });
  await settled();
  expect([moment("m1").title, undo.undo(), errors.length]).toEqual(["Bread", null, 1]);
});

it("saves nothing over what somebody else has changed: it waits for a decision, and is no error", async () => {
  const { editor, undo, moment, meanwhile, errors, settled } = opened();
  const seen = moment("m1");
  meanwhile("m1", { title: "Theirs" });
  editor.edit(seen, { title: "Mine" });
  await settled();
  expect([moment("m1").title, undo.undo(), errors]).toEqual(["Theirs", null, []]);
  expect(conflicts.get().map(({ seen: before, theirs, mine }) => [before.title, theirs.title, mine])).toEqual([["Bread", "Theirs", { title: "Mine" }]]);
});

it("asks nothing where somebody else has made the very same change", async () => {
  const { editor, moment, meanwhile, errors, settled } = opened();
  const seen = moment("m1");
  meanwhile("m1", { title: "Same" });
  editor.edit(seen, { title: "Same" });
  await settled();
  expect([conflicts.get(), errors]).toEqual([[], []]);
});

it("offers to bring back what somebody else has deleted, with the change", async () => {
  const { editor, moment, gone, messages, errors, settled } = opened();
  const seen = moment("m1");
  gone("m1");
  editor.edit(seen, { title: "Mine" });
  await settled();
  expect(messages.map(({ message }) => message)).toEqual(["“Bread” was deleted meanwhile."]);
  messages[0]?.action?.run();
  await settled();
  expect([moment("m1").title, errors]).toEqual(["Mine", []]);
});

it("makes a moment inside the recording, and takes it back", async () => {
  const { editor, undo, shown, settled } = opened();
  editor.create("New", 50, 99);
  await settled();
  expect(shown()[1]).toEqual(["New", 50, 60]);
  expect(undo.undo()).toBe("New moment");
  await settled();
  expect(shown()).toEqual([["Bread", 5, 30]]);
});

it("deletes a moment, and brings it back by Undo or by its message", async () => {
  const { editor, undo, moment, messages, shown, settled } = opened();
  editor.remove(moment("m1"));
  await settled();
  expect(shown()).toEqual([]);
  expect(undo.undo()).toBe("Delete");
  await settled();
  expect(shown()).toEqual([["Bread", 5, 30]]);
  editor.remove(moment("m1"));
  await settled();
  messages.at(-1)?.action?.run();
  await settled();
  expect(shown()).toEqual([["Bread", 5, 30]]);
});

it("does not delete what somebody else has changed", async () => {
  const { editor, undo, moment, meanwhile, messages, errors, shown, settled } = opened();
  const seen = moment("m1");
  meanwhile("m1", { title: "Theirs" });
  editor.remove(seen);
  await settled();
  expect([shown(), errors, undo.undo()]).toEqual([[["Theirs", 5, 30]], [], null]);
  expect(messages[0]?.message).toContain("Somebody else changed “Bread” meanwhile");
});

it("names a new moment after what is said in it, or its time where nothing is, and hands it over once it is stored", async () => {
  const { editor, shown, settled } = opened();
  const made: string[] = [];
  editor.create(null, 1.2, 9.9, { snaps: true, onMade: (moment) => made.push(moment.identifier) });
  expect(made).toEqual([]);
  await settled();
  editor.create(null, 40, 50);
  await settled();
  expect(shown()).toEqual([
    ["Bread rises", 1, 10],
    ["Bread", 5, 30],
    ["Moment at 0:40", 40, 50],
  ]);
  expect(made).toEqual(["m2"]);
});

it("makes a moment of a recording whose length no run has measured", async () => {
  const { changes, shown, settled } = fakeServer();
  editing(changes, { words: [], marks: {}, duration: Infinity }).create(null, 3600, 3630);
  await settled();
  expect(shown()).toEqual([["Moment at 1:00:00", 3600, 3630]]);
});

import { expect, it } from "vitest";
import { differences, type Field } from "./merging";
import { followed, madeOf } from "./ownTags";

interface Thing {
  title: string;
  end: number;
  review: string;
}

const FIELDS: Field<Thing>[] = [
  { name: "title", label: "Title", show: (thing) => thing.title },
  { name: "end", label: "End", show: (thing) => `${thing.end} s` },
  { name: "review", label: "Judgement", show: (thing) => thing.review },
];
const before: Thing = { title: "Bread", end: 30, review: "new" };

it("prefers what only one of both has changed, and asks about the rest", () => {
  const found = differences(FIELDS, before, { ...before, title: "Theirs", end: 31 }, { ...before, title: "Mine", review: "kept" });
  expect(found.map(({ name, theirs, mine, preferred }) => [name, theirs, mine, preferred])).toEqual([
    ["title", "Theirs", "Mine", null],
    ["end", "31 s", "30 s", "theirs"],
    ["review", "new", "kept", "mine"],
  ]);
});

it("finds nothing to ask where both did the same", () => {
  const same = { ...before, title: "Same" };
  expect(differences(FIELDS, before, same, same)).toEqual([]);
});

it("follows this page's own changes and nobody else's", () => {
  madeOf("a", "b");
  madeOf("b", "c");
  expect([followed("a"), followed("b"), followed("c"), followed("theirs")]).toEqual(["c", "c", "c", "theirs"]);
  madeOf("c", "a"); // undone: the content is what it was
  expect([followed("a"), followed("b"), followed("c")]).toEqual(["a", "a", "a"]);
  madeOf("x", "x");
  expect(followed("x")).toBe("x");
});

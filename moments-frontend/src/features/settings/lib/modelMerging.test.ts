import { expect, it } from "vitest";
import { differences } from "@/lib/merging";
import { EMPTY_MODEL, mergedForm, MODEL_FIELDS } from "./modelForm";

it("merges two people's changes of one entry, field by field", () => {
  const before = { ...EMPTY_MODEL, key: "house", base_url: "http://a", model_name: "one" };
  const theirs = { ...before, base_url: "http://theirs", supports_video: true };
  const mine = { ...before, base_url: "http://mine", model_name: "two" };
  const found = differences(MODEL_FIELDS, before, theirs, mine);
  expect(found.map(({ label, theirs: their, mine: my, preferred }) => [label, their, my, preferred])).toEqual([
    ["Model's name on the server", "one", "two", "mine"],
    ["Address", "http://theirs", "http://mine", null],
    ["Watches video", "yes", "no", "theirs"],
  ]);
  expect(mergedForm(theirs, mine, { model_name: "mine", base_url: "mine", supports_video: "theirs" })).toEqual({ ...theirs, base_url: "http://mine", model_name: "two" });
});

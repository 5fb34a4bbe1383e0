import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import type { Difference } from "@/lib/merging";
import { MergeDialogBody } from "./MergeDialogBody";

const TITLE: Difference = { name: "title", label: "Title", before: "Bread", theirs: "Theirs", mine: "Mine", preferred: null };
const END: Difference = { name: "end", label: "End", before: "0:30", theirs: "0:31", mine: "0:30", preferred: "theirs" };

// jsdom lacks it, and user-event needs it to move through radio buttons.
vi.stubGlobal("CSS", { escape: (text: string) => text });

afterEach(cleanup);

it("asks until every field that both changed has an answer, by keyboard alone", async () => {
  const onSave = vi.fn();
  render(<MergeDialogBody what="“Bread”" differences={[TITLE, END]} onSave={onSave} onLater={() => undefined} />);
  const user = userEvent.setup();
  expect(screen.getByRole("button", { name: "Save" }).hasAttribute("disabled")).toBe(true);
  expect(document.activeElement).toBe(screen.getByRole("radio", { name: "Theirs: Theirs" }));
  await user.keyboard("{ArrowDown}");
  expect(screen.getByRole<HTMLInputElement>("radio", { name: "Mine: Mine" }).checked).toBe(true);
  expect(screen.getByRole<HTMLInputElement>("radio", { name: "Theirs: 0:31" }).checked).toBe(true);
  await user.keyboard("{Enter}");
  expect(onSave).toHaveBeenCalledWith({ title: "mine", end: "theirs" });
});

it("takes one side for all, and leaves without deciding by Escape", async () => {
  const onSave = vi.fn();
  const onLater = vi.fn();
  render(<MergeDialogBody what="“Bread”" differences={[TITLE, END]} onSave={onSave} onLater={onLater} />);
  const user = userEvent.setup();
  await user.click(screen.getByRole("button", { name: "All mine" }));
  await user.click(screen.getByRole("button", { name: "Save" }));
  expect(onSave).toHaveBeenCalledWith({ title: "mine", end: "mine" });
  await user.keyboard("{Escape}");
  expect(onLater).toHaveBeenCalledOnce();
});

it("takes no second answer while the first is being saved", async () => {
  const onSave = vi.fn();
  const onLater = vi.fn();
  render(<MergeDialogBody what="“Bread”" differences={[END]} busy onSave={onSave} onLater={onLater} />);
  const user = userEvent.setup();
  expect(screen.getAllByRole("button").map((button) => button.hasAttribute("disabled"))).toEqual([true, true, true, true]);
  await user.keyboard("{Enter}{Escape}");
  expect([onSave.mock.calls, onLater.mock.calls]).toEqual([[], []]);
});

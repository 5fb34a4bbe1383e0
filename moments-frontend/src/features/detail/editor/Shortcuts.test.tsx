import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import type { MomentOut } from "@/api/types";
import { PlayerProvider } from "../player/player";
import { type Editor, EditorContext, SelectedContext } from "./editor";
import { Shortcuts } from "./Shortcuts";

const [bread, yeast] = [
  { identifier: "m1", title: "Bread", start_time: 5, end_time: 10, review: "new" } as MomentOut,
  { identifier: "m2", title: "Yeast", start_time: 10, end_time: 20, review: "kept" } as MomentOut,
];

/** Renders the shortcuts with an editor that only records its calls. */
function opened(selected: string | null) {
  const asked = { select: vi.fn(), edit: vi.fn(), move: vi.fn(), split: vi.fn(), remove: vi.fn(), undo: vi.fn() };
  const editor = asked as unknown as Editor;
  const page = (chosen: string | null, moments: readonly MomentOut[]) => (
    <PlayerProvider>
      <EditorContext value={editor}>
        <SelectedContext value={chosen}>
          <Shortcuts moments={moments} frameRate={25} />
          <input aria-label="Title" />
        </SelectedContext>
      </EditorContext>
    </PlayerProvider>
  );
  const { rerender, unmount } = render(page(selected, [bread, yeast]));
  return { ...asked, show: (chosen: string | null, moments: readonly MomentOut[] = [bread, yeast]) => rerender(page(chosen, moments)), unmount };
}

const press = (key: string, more: object = {}) => fireEvent.keyDown(document.body, { key, code: `Key${key.toUpperCase()}`, ...more });

afterEach(cleanup);

it("acts on the moment that is chosen now, as it is now", () => {
  const { edit, show } = opened("m1");
  press("x");
  expect(edit).toHaveBeenLastCalledWith(bread, { review: "kept" }, "Judgement");
  show("m2");
  press("x");
  expect(edit).toHaveBeenLastCalledWith(yeast, { review: "rejected" }, "Judgement");
  const renamed = { ...yeast, title: "Flour" };
  show("m2", [bread, renamed]);
  press("x");
  expect(edit).toHaveBeenLastCalledWith(renamed, { review: "rejected" }, "Judgement");
  expect(edit).toHaveBeenCalledTimes(3);
});

it("sets an edge to the playhead, with Alt exactly there", () => {
  const { move } = opened("m1");
  press("i");
  expect(move).toHaveBeenLastCalledWith(bread, 0, 10, false);
  press("^", { code: "KeyI", altKey: true });
  expect(move).toHaveBeenLastCalledWith(bread, 0, 10, true);
  press("o");
  expect(move).toHaveBeenLastCalledWith(bread, 5, 0, false);
});

it("chooses the next moment and the one before, and stays at both ends", () => {
  const { select, show } = opened(null);
  press("n");
  show("m1");
  press("n");
  show("m2");
  press("n");
  press("p");
  expect(select.mock.calls).toEqual([["m1"], ["m2"], ["m2"], ["m1"]]);
});

it("undoes, and leaves the browser its other keys", () => {
  const { undo, edit } = opened("m1");
  press("z", { ctrlKey: true });
  press("x", { ctrlKey: true });
  expect([undo.mock.calls.length, edit.mock.calls.length]).toEqual([1, 0]);
});

it("does nothing without a chosen moment, while somebody types, or once it is gone", () => {
  const { edit, show, unmount } = opened(null);
  press("x");
  show("m1");
  fireEvent.keyDown(screen.getByLabelText("Title"), { key: "x", code: "KeyX" });
  unmount();
  press("x");
  expect(edit).not.toHaveBeenCalled();
});

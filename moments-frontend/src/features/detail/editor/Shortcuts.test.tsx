import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import type { MomentOut } from "@/api/types";
import { announced } from "@/lib/announce";
import { type Player, PlayerProvider, usePlayer } from "../player/player";
import { prefer, preferences } from "../player/preferences";
import { type Editor, EditorContext, SelectedContext } from "./editor";
import { Shortcuts } from "./Shortcuts";

const [bread, yeast] = [
  { identifier: "m1", title: "Bread", start_time: 5, end_time: 10, review: "new" } as MomentOut,
  { identifier: "m2", title: "Yeast", start_time: 10, end_time: 20, review: "kept" } as MomentOut,
];

/** Renders the shortcuts with an editor that only records its calls. */
function opened(selected: string | null) {
  const asked = { select: vi.fn(), edit: vi.fn(), move: vi.fn(), split: vi.fn(), remove: vi.fn(), undo: vi.fn(), create: vi.fn() };
  const held: { player?: Player } = {};
  const Held = () => {
    const player = usePlayer();
    return <span ref={() => void (held.player = player)} />;
  };
  const editor = asked as unknown as Editor;
  const page = (chosen: string | null, moments: readonly MomentOut[]) => (
    <PlayerProvider>
      <EditorContext value={editor}>
        <SelectedContext value={chosen}>
          <Held />
          <Shortcuts moments={moments} frameRate={25} />
          <input aria-label="Title" />
          <input aria-label="Volume" type="range" />
        </SelectedContext>
      </EditorContext>
    </PlayerProvider>
  );
  const { rerender, unmount } = render(page(selected, [bread, yeast]));
  const { player } = held;
  if (player === undefined) throw new Error("there is a player");
  return { ...asked, player, show: (chosen: string | null, moments: readonly MomentOut[] = [bread, yeast]) => rerender(page(chosen, moments)), unmount };
}

const press = (key: string, more: object = {}) => fireEvent.keyDown(document.body, { key, code: `Key${key.toUpperCase()}`, ...more });

afterEach(() => {
  cleanup();
  prefer({ volume: 1, muted: false, rate: 1, captions: false });
});

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

it("mutes, shows captions and changes the speed, and says so", () => {
  opened(null);
  press("m");
  expect([preferences.get().muted, announced.get().trim()]).toEqual([true, "Muted."]);
  press("m");
  expect(preferences.get().muted).toBe(false);
  press("c");
  expect([preferences.get().captions, announced.get().trim()]).toEqual([true, "Captions on."]);
  press(">", { shiftKey: true });
  press(">", { shiftKey: true });
  expect([preferences.get().rate, announced.get().trim()]).toEqual([1.5, "Speed 1.5."]);
  press("<", { shiftKey: true });
  expect(preferences.get().rate).toBe(1.25);
});

it("fills the screen", () => {
  const { player } = opened(null);
  const fill = vi.fn(() => Promise.resolve());
  Object.defineProperty(document, "fullscreenEnabled", { configurable: true, value: true });
  player.attachFrame({ requestFullscreen: fill } as unknown as HTMLElement);
  press("f");
  expect(fill).toHaveBeenCalledTimes(1);
  Reflect.deleteProperty(document, "fullscreenEnabled");
});

it("sets in and out while no moment is chosen, with Shift also beside one, and makes a moment from them", () => {
  const { create, move, player, show } = opened(null);
  const at = (seconds: number) => player.time.set(() => seconds);
  at(3);
  press("i");
  at(8);
  press("o");
  expect(player.inOut.get()).toEqual({ in: 3, out: 8 });
  show("m1");
  at(4);
  press("I", { shiftKey: true });
  at(7);
  press("O", { shiftKey: true });
  expect(player.inOut.get()).toEqual({ in: 4, out: 7 });
  expect(move).not.toHaveBeenCalled();
  press("+", { shiftKey: true });
  expect(create.mock.calls[0]?.slice(0, 3)).toEqual([null, 4, 7]);
});

it("lets go of the chosen moment and of in and out, and leaves the key alone where there is nothing to let go", () => {
  const { select, player, show } = opened("m1");
  press("I", { shiftKey: true });
  press("Escape");
  expect([select.mock.calls, player.inOut.get()]).toEqual([[[null]], { in: null, out: null }]);
  show(null);
  expect(press("Escape")).toBe(true); // not taken from whoever else uses it
  expect(select).toHaveBeenCalledTimes(1);
});

it("leaves a slider the keys that move it, and no others", () => {
  opened(null);
  const slider = screen.getByLabelText("Volume");
  expect(fireEvent.keyDown(slider, { key: "ArrowLeft" })).toBe(true);
  fireEvent.keyDown(slider, { key: "m", code: "KeyM" });
  expect(preferences.get().muted).toBe(true);
});

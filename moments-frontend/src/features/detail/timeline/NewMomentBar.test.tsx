import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import type { MomentOut } from "@/api/types";
import type { NewMoment } from "../editor/edit";
import { type Editor, EditorContext } from "../editor/editor";
import { type Player, PlayerProvider, usePlayer } from "../player/player";
import { NewMomentBar } from "./NewMomentBar";

/** Shows the bar beside a player whose playhead the test moves. */
function shown() {
  const asked = { create: vi.fn(), select: vi.fn() };
  const held: { player?: Player } = {};
  const Held = () => {
    const player = usePlayer();
    return <span ref={() => void (held.player = player)} />;
  };
  render(
    <PlayerProvider>
      <EditorContext value={asked as unknown as Editor}>
        <Held />
        <NewMomentBar />
      </EditorContext>
    </PlayerProvider>,
  );
  const { player } = held;
  if (player === undefined) throw new Error("there is a player");
  return { ...asked, player, at: (seconds: number) => act(() => player.time.set(() => seconds)) };
}

const press = (name: string | RegExp) => fireEvent.click(screen.getByRole("button", { name }));

afterEach(cleanup);

it("makes a moment from in to out, and begins anew", () => {
  const { create, select, at } = shown();
  at(12);
  press("In");
  at(75);
  press("Out");
  expect(screen.getByRole("button", { name: "In 0:12.0" })).toBeTruthy();
  expect(screen.getByRole("button", { name: "Out 1:15.0" })).toBeTruthy();
  press("+ Moment");
  const [title, start, end, how] = create.mock.calls[0] as [null, number, number, NewMoment];
  expect([title, start, end]).toEqual([null, 12, 75]);
  act(() => how.onMade?.({ identifier: "m1" } as MomentOut));
  expect(select).toHaveBeenCalledWith("m1");
  expect(screen.getByRole("button", { name: "In" })).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Clear in and out" })).toBeNull();
});

it("makes one around the playhead where nothing is set, inside the recording", () => {
  const { create, player, at } = shown();
  act(() => player.length.set(() => 60));
  at(55);
  press("+ Moment");
  expect(create.mock.calls[0]?.slice(0, 3)).toEqual([null, 30, 60]);
});

it("forgets in and out on request", () => {
  const { player, at } = shown();
  at(12);
  press("In");
  press("Clear in and out");
  expect(player.inOut.get()).toEqual({ in: null, out: null });
});

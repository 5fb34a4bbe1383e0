import { expect, it, vi } from "vitest";
import type { MomentOut } from "@/api/types";
import { createStore } from "@/lib/store";
import type { NewMoment } from "../editor/edit";
import type { InOut } from "../player/player";
import { boundsOf, makeMoment, withIn, withOut } from "./newMoment";

const NONE = { in: null, out: null };

it.each<[string, InOut, number, number, [number, number]]>([
  ["from in to out, wherever the playhead is", { in: 5, out: 9 }, 50, 100, [5, 9]],
  ["from in to the playhead behind it", { in: 5, out: null }, 12, 100, [5, 12]],
  ["30 s from an in that the playhead has not left", { in: 5, out: null }, 5.2, 100, [5, 35]],
  ["from an in to the recording's end", { in: 90, out: null }, 10, 100, [90, 100]],
  ["30 s up to an out", { in: null, out: 40 }, 3, 100, [10, 40]],
  ["from the start up to an early out", { in: null, out: 4 }, 3, 100, [0, 4]],
  ["30 s around the playhead", NONE, 50, 100, [35, 65]],
  ["30 s at the start", NONE, 3, 100, [0, 30]],
  ["30 s at the end", NONE, 98, 100, [70, 100]],
  ["all of a short recording", NONE, 3, 12, [0, 12]],
  ["30 s where the length is not known", NONE, 50, Infinity, [35, 65]],
])("is %s", (_, marks, now, length, [start, end]) => {
  expect(boundsOf(marks, now, length)).toEqual({ start, end });
});

it("lets go of what a new in or out contradicts", () => {
  expect(withIn({ in: 1, out: 9 }, 5)).toEqual({ in: 5, out: 9 });
  expect(withIn({ in: 1, out: 9 }, 9)).toEqual({ in: 9, out: null });
  expect(withOut({ in: 5, out: 9 }, 7)).toEqual({ in: 5, out: 7 });
  expect(withOut({ in: 5, out: 9 }, 4)).toEqual({ in: null, out: 4 });
});

it("selects the moment that it has made, and keeps in and out until then", () => {
  const [create, select] = [vi.fn(), vi.fn()];
  const player = { inOut: createStore<InOut>({ in: 5, out: 9 }), time: createStore(7), length: createStore(0) };
  makeMoment({ create, select }, player);
  const [title, start, end, how] = create.mock.calls[0] as [string | null, number, number, NewMoment];
  expect([title, start, end, how.snaps]).toEqual([null, 5, 9, true]);
  expect([player.inOut.get(), select.mock.calls]).toEqual([{ in: 5, out: 9 }, []]);
  how.onMade?.({ identifier: "m7" } as MomentOut);
  expect([player.inOut.get(), select.mock.calls]).toEqual([NONE, [["m7"]]]);
});

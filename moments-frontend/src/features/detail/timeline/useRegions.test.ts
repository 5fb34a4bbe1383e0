import { cleanup, renderHook } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import type WaveSurfer from "wavesurfer.js";
import type RegionsPlugin from "wavesurfer.js/plugins/regions";
import type { InOut } from "../player/player";
import { IN_OUT, showInSight, useRegions } from "./useRegions";

const [DURATION, WIDTH] = [100, 500];

/** Makes a timeline of 100 s that is `zoomed` px wide and shows 500 px from `left` on, with regions of 5 s at each of `starts`. */
function timeline(zoomed: number, left: number, starts: readonly number[]) {
  const wrapper = document.createElement("div");
  const container = document.createElement("div");
  container.setAttribute("part", "regions-container");
  wrapper.append(container);
  Object.defineProperty(wrapper, "clientWidth", { value: zoomed });
  const regions = starts.map((start) => ({ start, end: start + 5, element: document.createElement("div") }));
  const surfer = { getWrapper: () => wrapper, getDuration: () => DURATION, getScroll: () => left, getWidth: () => WIDTH };
  const shown = () => regions.filter(({ element }) => element.parentElement === container).map(({ start }) => start);
  return { container, regions, shown, update: () => showInSight(surfer as unknown as WaveSurfer, { getRegions: () => regions } as unknown as RegionsPlugin) };
}

it("takes off what zooming has brought out of sight, and leaves what is partly in it", () => {
  const { container, regions, shown, update } = timeline(1000, 250, [0, 19, 22, 26, 60, 74, 76, 90]);
  container.append(...regions.map(({ element }) => element));
  update();
  expect(shown()).toEqual([22, 26, 60, 74]);
});

it("puts back what comes into sight", () => {
  const { shown, update } = timeline(500, 0, [0, 50, 95]);
  update();
  expect(shown()).toEqual([0, 50, 95]);
});

afterEach(cleanup);

it("draws in and out of a new moment, and takes them off once there is none", () => {
  const drawn: { id: string; start: number; end: number; resize: boolean }[] = [];
  const addRegion = vi.fn((region: { id: string; start: number; end: number; resize: boolean }) => {
    drawn.push(region);
    return { remove: () => void drawn.splice(drawn.indexOf(region), 1) };
  });
  const plugin = { current: { addRegion } as unknown as RegionsPlugin };
  const none: readonly never[] = [];
  const both: { inOut: InOut } = { inOut: { in: 3, out: 9 } };
  const { rerender } = renderHook(({ inOut }: { inOut: InOut }) => useRegions({ plugin, ready: true, moments: none, cuts: none, selected: null, inOut }), {
    initialProps: both,
  });
  const shown = () => drawn.map(({ id, start, end, resize }) => [id, start, end, resize]);
  expect(shown()).toEqual([[IN_OUT, 3, 9, true]]);
  rerender({ inOut: { in: null, out: 9 } });
  expect(shown()).toEqual([[IN_OUT, 9, 9, true]]);
  rerender({ inOut: { in: null, out: null } });
  expect(shown()).toEqual([]);
});

import { expect, it } from "vitest";
import type WaveSurfer from "wavesurfer.js";
import type RegionsPlugin from "wavesurfer.js/plugins/regions";
import { showInSight } from "./useRegions";

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

import { type RefObject, useEffect, useRef } from "react";
import type WaveSurfer from "wavesurfer.js";
import type { Region, RegionParams } from "wavesurfer.js/plugins/regions";
import type RegionsPlugin from "wavesurfer.js/plugins/regions";
import type { MomentOut } from "@/api/types";
import { regionColours } from "@/theme/tokens";
import type { InOut } from "../player/player";

const [PLAIN, CHOSEN] = ["2e", "66"];

// Use the colours of the current theme.
const CUT = "var(--mui-palette-text-disabled)";
export const MARKED = "color-mix(in srgb, var(--mui-palette-text-primary) 28%, transparent)";
/** The name of the region from in to out. */
export const IN_OUT = "in-out";

interface Shown {
  plugin: RefObject<RegionsPlugin | null>;
  ready: boolean;
  moments: readonly MomentOut[];
  cuts: readonly number[];
  selected: string | null;
  /** In and out of a new moment. */
  inOut: InOut;
  /** Whether their edges can be dragged. */
  resize?: boolean;
}

/** Updates the timeline's regions from the moments. Of hundreds only those that changed are updated. */
export function useRegions({ plugin, ready, moments, cuts, selected, inOut, resize = true }: Shown): void {
  const drawn = useRef(new Map<string, Region>());

  useEffect(() => {
    const regions = drawn.current;
    return () => {
      regions.clear();
    };
  }, [ready]);

  useEffect(() => {
    const target = plugin.current;
    if (!ready || target === null) return undefined;
    const marks = cuts.map((cut) => target.addRegion({ start: cut, color: CUT, drag: false, resize: false, id: `cut-${cut}` }));
    const living = () => plugin.current === target;
    return () => {
      if (living()) for (const mark of marks) mark.remove();
    };
  }, [plugin, ready, cuts]);

  useEffect(() => {
    const target = plugin.current;
    const start = inOut.in ?? inOut.out;
    if (!ready || target === null || start === null) return undefined;
    const region = target.addRegion({ id: IN_OUT, start, end: inOut.out ?? start, color: MARKED, drag: false, resize, minLength: 0.1 });
    const living = () => plugin.current === target;
    return () => {
      if (living()) region.remove();
    };
  }, [plugin, ready, inOut, resize]);

  useEffect(() => {
    const target = plugin.current;
    if (!ready || target === null) return;
    const regions = drawn.current;
    const wanted = new Set(moments.map((moment) => moment.identifier));
    for (const [id, region] of regions) {
      if (wanted.has(id)) continue;
      region.remove();
      regions.delete(id);
    }
    moments.forEach((moment, index) => {
      const colour = regionColours[index % regionColours.length] ?? regionColours[0];
      const look = { start: moment.start_time, end: moment.end_time, color: `${colour}${moment.identifier === selected ? CHOSEN : PLAIN}` };
      const region = regions.get(moment.identifier);
      if (region === undefined) {
        const made: RegionParams = { ...look, id: moment.identifier, drag: false, resize, minLength: 0.1 };
        regions.set(moment.identifier, target.addRegion(made));
      } else if (region.start !== look.start || region.end !== look.end || region.color !== look.color || region.resize !== resize) region.setOptions({ ...look, resize });
    });
  }, [plugin, ready, moments, selected, resize]);
}

/**
 * Adds the visible regions to the timeline and removes the others, all at once. It is called first when the timeline zooms: the plugin
 * reads widths before each region, and the browser would lay out the page again for every region that it has just changed.
 */
export function showInSight(surfer: WaveSurfer, plugin: RegionsPlugin): void {
  const wrapper = surfer.getWrapper();
  const container = wrapper.querySelector("[part='regions-container']");
  const perSecond = wrapper.clientWidth / surfer.getDuration();
  const left = surfer.getScroll();
  const right = left + surfer.getWidth();
  for (const { start, end, element } of plugin.getRegions()) {
    if (element === null) continue;
    const inSight = end * perSecond > left && start * perSecond < right;
    if (!inSight) element.remove();
    else if (element.parentElement === null) container?.append(element);
  }
}

import { useSyncExternalStore } from "react";
import { createStore } from "@/lib/store";

export const RATES = [0.5, 0.75, 1, 1.25, 1.5, 2] as const;
export const CAPTION_SIZES = ["small", "medium", "large"] as const;
export type CaptionSize = (typeof CAPTION_SIZES)[number];

/** How a viewer wants recordings to be played. Remembered in the browser, for all recordings. */
export interface Preferences {
  /** 0 to 1. */
  volume: number;
  muted: boolean;
  rate: number;
  captions: boolean;
  captionSize: CaptionSize;
}

const NAME = "videomoments.player";
const DEFAULTS: Preferences = { volume: 1, muted: false, rate: 1, captions: false, captionSize: "medium" };

/** Reads what was stored. A value that is missing or that this version does not offer is replaced by its default. */
export function readPreferences(): Preferences {
  let stored: Partial<Record<keyof Preferences, unknown>> = {};
  try {
    const found: unknown = JSON.parse(localStorage.getItem(NAME) ?? "{}");
    if (typeof found === "object" && found !== null) stored = found;
  } catch {
    // A browser may refuse its storage, and a user may have changed it.
  }
  const { volume, muted, rate, captions, captionSize } = stored;
  return {
    volume: typeof volume === "number" && volume >= 0 && volume <= 1 ? volume : DEFAULTS.volume,
    muted: typeof muted === "boolean" ? muted : DEFAULTS.muted,
    rate: RATES.find((one) => one === rate) ?? DEFAULTS.rate,
    captions: typeof captions === "boolean" ? captions : DEFAULTS.captions,
    captionSize: CAPTION_SIZES.find((one) => one === captionSize) ?? DEFAULTS.captionSize,
  };
}

export const preferences = createStore(readPreferences());

/** Changes and stores some of the preferences. */
export function prefer(change: Partial<Preferences>): void {
  preferences.set((now) => ({ ...now, ...change }));
  try {
    localStorage.setItem(NAME, JSON.stringify(preferences.get()));
  } catch {
    // Without storage they last as long as the page.
  }
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(preferences.subscribe, preferences.get);
}

/** Returns whether nothing is heard. */
export function isSilent({ muted, volume }: Preferences): boolean {
  return muted || volume === 0;
}

/** Mutes, or makes audible again: at full volume where the volume is 0. */
export function toggleMute(): void {
  const now = preferences.get();
  prefer(isSilent(now) ? { muted: false, volume: now.volume || 1 } : { muted: true });
}

/** Goes `by` speeds up or down, as far as there are any. */
export function stepRate(by: number): void {
  const index = RATES.findIndex((rate) => rate === preferences.get().rate);
  const next = RATES[Math.min(RATES.length - 1, Math.max(0, index + by))];
  if (next !== undefined) prefer({ rate: next });
}

import type { MomentOut } from "@/api/types";

/** Engines that come with the product. What they write as reason is a measurement, not a thought about the content. */
const BUILT_IN: readonly string[] = ["extractive", "signal"];
const BOUNDARIES = "Boundaries: ";

/** Where a moment comes from, as its card says it; `details` is the stored text, for who wants to know. */
export interface Origin {
  who: string;
  why: string | null;
  details: string | null;
}

/** Returns the model that found a moment; after a "+" stands the one that refined it. */
export function finderOf(engine: string): string {
  return engine.split("+", 1)[0] ?? engine;
}

export function isBuiltIn(finder: string): boolean {
  return BUILT_IN.includes(finder);
}

export function originOf(moment: Pick<MomentOut, "engine" | "reason" | "edited_at">): Origin {
  const { engine, reason } = moment;
  if (engine === null) return { who: "Made by hand", why: reason, details: null };
  const finder = finderOf(engine);
  const builtIn = isBuiltIn(finder);
  const edited = moment.edited_at === null ? "" : ", edited";
  return {
    who: `Found by ${builtIn ? "VideoMoments" : finder}${edited}`,
    why: builtIn ? null : contentOf(reason),
    details: reason === null ? null : `${engine}: ${reason}`,
  };
}

/** The part of a stored reason that is about the content; what follows is how the boundaries were set. */
function contentOf(reason: string | null): string | null {
  const text = reason?.split(BOUNDARIES, 1)[0]?.trim() ?? "";
  return text === "" ? null : text;
}

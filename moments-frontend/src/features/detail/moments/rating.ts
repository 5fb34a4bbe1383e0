import type { MomentOut } from "@/api/types";

export type Rating = "Strong" | "Good" | "Fair" | "Weak";

/** Each word with the lowest score, of 1, that it stands for. Models are asked for 1 for the best imaginable, 0.5 for decent, 0 for worthless. */
const LEVELS: readonly [Rating, number][] = [
  ["Strong", 0.75],
  ["Good", 0.5],
  ["Fair", 0.25],
  ["Weak", 0],
];

/** Returns a score in a word, or null where there is none. */
export function ratingOf(score: number | null): Rating | null {
  return score === null ? null : (LEVELS.find(([, least]) => score >= least)?.[0] ?? "Weak");
}

/** Tells whether the scores distinguish the moments. A model that gives all of them the same score says nothing with it. */
export function scoresTell(moments: readonly MomentOut[]): boolean {
  return new Set(moments.map((moment) => moment.score).filter((score) => score !== null)).size > 1;
}

export type Order = "time" | "score";

/** Returns the ids in that order. Moments without a score come last, in time order; so do equal ones. */
export function ordered(moments: readonly MomentOut[], order: Order): string[] {
  const sorted = order === "time" ? moments : [...moments].sort((a, b) => (b.score ?? -1) - (a.score ?? -1));
  return sorted.map((moment) => moment.identifier);
}

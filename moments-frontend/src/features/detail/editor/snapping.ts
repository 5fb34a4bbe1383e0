import type { Word } from "@/api/types";

/** An edge snaps to a word's edge or a cut within this distance, in seconds. */
export const REACH = 0.35;

/** Returns the index of the last word (or caption) that starts at or before `time`, or -1 before the first. `words` are in time order. */
export function wordAt(words: readonly Pick<Word, "start">[], time: number): number {
  let [low, high] = [0, words.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((words[middle]?.start ?? 0) <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Returns the index of the first stretch that ends at or after `time`. */
function firstAfter(stretches: readonly { start: number; end: number }[], time: number): number {
  let [low, high] = [0, stretches.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((stretches[middle]?.end ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What an edge may snap to besides words: changes of scene and silences, in time order, in seconds. */
export interface Marks {
  cuts?: readonly number[];
  silences?: readonly { start: number; end: number }[];
}

/**
 * Returns where an edge that was dropped at `time` snaps to: a start to the start of a word, an end to the end of one; each also to a cut,
 * and to where a silence ends (for a start) or begins (for an end).
 */
export function snap(time: number, edge: "start" | "end", words: readonly Word[], { cuts = [], silences = [] }: Marks = {}, reach: number = REACH): number {
  const near = wordAt(words, time);
  const candidates = [near - 1, near, near + 1].flatMap((index) => {
    const word = words[index];
    return word === undefined ? [] : [edge === "start" ? word.start : word.end];
  });
  for (let index = firstAfter(silences, time - reach); index < silences.length; index += 1) {
    const silence = silences[index];
    if (silence === undefined || silence.start > time + reach) break;
    candidates.push(edge === "start" ? silence.end : silence.start);
  }
  let best = time;
  let apart = reach;
  for (const candidate of [...candidates, ...cuts]) {
    const distance = Math.abs(candidate - time);
    if (distance < apart) [best, apart] = [candidate, distance];
  }
  return best;
}

/** Returns the stretch inside the recording, at least a tenth of a second long. */
export function within(start: number, end: number, duration: number): { start: number; end: number } {
  const first = Math.min(Math.max(0, start), Math.max(0, duration - 0.1));
  return { start: first, end: Math.min(Math.max(end, first + 0.1), duration) };
}

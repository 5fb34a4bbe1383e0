import type { Segment, Word } from "@/api/types";
import { written, type Written } from "../transcript/said";
import { linesOf } from "../transcript/selection";
import { wordAt } from "../editor/snapping";

/** A text that is shown over the picture from `start` to `end`, in seconds. */
export interface Cue {
  start: number;
  end: number;
  text: string;
}

/** Two lines of 42 columns, as subtitles usually have. A character of a script without spaces takes two columns. */
export const MOST_COLUMNS = 84;
/** A longer pause ends a caption, in seconds. */
const PAUSE = 1;
/** What is said in a caption takes at most this long, in seconds. */
export const LONGEST = 7;
/** A caption stays after its last word for this long, in seconds, unless the next one begins. */
const LINGER = 0.8;
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/gu;
const STOP = /[.,;:!?…、。，；：！？]["'”’»)\]]*$/;

/** Returns the captions of a transcript, in time order, without overlaps. They end where its lines do. */
export function cuesOf(words: readonly Word[], segments: readonly Segment[]): Cue[] {
  const cues =
    words.length > 0
      ? linesOf(words, segments).flatMap((line) => cuesOfLine(words, written(words, line.first, line.last)))
      : segments.map(({ start, end, text }) => ({ start, end, text: text.trim() })).filter(({ text }) => text !== "");
  return cues.map((cue, index) => ({ ...cue, end: Math.min(cue.end + LINGER, Math.max(cues[index + 1]?.start ?? Infinity, cue.start)) }));
}

/** Returns the index of the caption at `time`, or -1 where there is none. */
export function cueAt(cues: readonly Cue[], time: number): number {
  const last = wordAt(cues, time);
  return time < (cues[last]?.end ?? -1) ? last : -1;
}

function columns(text: string): number {
  return text.length + (text.match(WIDE)?.length ?? 0);
}

function textOf(said: readonly Written[]): string {
  return said.map((word, index) => (word.space && index > 0 ? ` ${word.text}` : word.text)).join("");
}

function cuesOfLine(words: readonly Word[], said: readonly Written[]): Cue[] {
  const cues: Cue[] = [];
  let rest = said;
  while (rest.length > 0) {
    const count = countOf(words, rest);
    const [first, last] = [words[rest[0]?.index ?? -1], words[rest[count - 1]?.index ?? -1]];
    if (first !== undefined && last !== undefined) cues.push({ start: first.start, end: Math.max(last.end, first.start), text: textOf(rest.slice(0, count)) });
    rest = rest.slice(count);
  }
  return cues;
}

/** Returns how many of the words make the next caption: as many as fit, in the second half of them rather up to a stop. At least one. */
function countOf(words: readonly Word[], said: readonly Written[]): number {
  const begin = words[said[0]?.index ?? -1]?.start ?? 0;
  let [count, width] = [0, 0];
  let before: Word | undefined;
  for (const { index, text, space } of said) {
    const word = words[index];
    if (word === undefined) break;
    if (before !== undefined && word.start - before.end > PAUSE) return count;
    width += columns(text) + (space && count > 0 ? 1 : 0);
    if (count > 0 && (width > MOST_COLUMNS || word.end - begin > LONGEST)) {
      for (let stop = count; stop > count / 2; stop -= 1) if (STOP.test(said[stop - 1]?.text ?? "")) return stop;
      // No caption is cut inside what is written as one word, unless it has no spaces at all.
      for (let gap = count; gap > count / 2; gap -= 1) if (said[gap]?.space) return gap;
      return count;
    }
    count += 1;
    before = word;
  }
  return Math.max(1, count);
}

import type { Word } from "@/api/types";

/** The marked words, from one to the other, whichever comes first. */
export interface Marked {
  from: number;
  to: number;
}

/** The words of about one line: an arrow up or down moves by so many. */
const LINE = 12;

/** Returns the mark after Shift with an arrow: by a word, up and down by a line, with Ctrl to the sentence's end. Null for another key. */
export function extended(marked: Marked | null, key: string, far: boolean, playhead: number, words: readonly Word[]): Marked | null {
  const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -LINE, ArrowDown: LINE };
  const by = steps[key];
  if (by === undefined || words.length === 0) return null;
  const last = words.length - 1;
  // The first key press marks the word at the playhead itself.
  if (marked === null && !far && Math.abs(by) === 1) return { from: playhead, to: playhead };
  const { from, to } = marked ?? { from: playhead, to: playhead };
  const next = far && Math.abs(by) === 1 ? sentence(words, to, by) : to + by;
  return { from, to: Math.min(last, Math.max(0, next)) };
}

function sentence(words: readonly Word[], at: number, by: number): number {
  let next = at + by;
  // "3." ends no sentence where ".5" or "5" follows without a space.
  const ends = (index: number) =>
    /[。！？]["”»」』]?$/.test(words[index]?.word.trim() ?? "") || (/[.!?…]["”»]?$/.test(words[index]?.word.trim() ?? ".") && words[index + 1]?.space_before !== false);
  while (next > 0 && next < words.length - 1 && !ends(by > 0 ? next : next - 1)) next += by;
  return next;
}

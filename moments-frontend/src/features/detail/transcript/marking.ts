import type { Word } from "@/api/types";

/** Words that are marked from one to the other, whichever comes first. */
export interface Marked {
  from: number;
  to: number;
}

/** Words that a line is about: so far goes an arrow up or down. */
const LINE = 12;

/** What Shift and an arrow make of it: by a word, up and down by a line, with Ctrl to the sentence's end; null for another key. */
export function extended(marked: Marked | null, key: string, far: boolean, playhead: number, words: readonly Word[]): Marked | null {
  const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -LINE, ArrowDown: LINE };
  const by = steps[key];
  if (by === undefined || words.length === 0) return null;
  const last = words.length - 1;
  // The first key marks the word at the playhead itself.
  if (marked === null && !far && Math.abs(by) === 1) return { from: playhead, to: playhead };
  const { from, to } = marked ?? { from: playhead, to: playhead };
  const next = far && Math.abs(by) === 1 ? sentence(words, to, by) : to + by;
  return { from, to: Math.min(last, Math.max(0, next)) };
}

function sentence(words: readonly Word[], at: number, by: number): number {
  let next = at + by;
  // "3." ends nothing where ".5" or "5" is written on.
  const ends = (index: number) =>
    /[。！？]["”»」』]?$/.test(words[index]?.word.trim() ?? "") || (/[.!?…]["”»]?$/.test(words[index]?.word.trim() ?? ".") && words[index + 1]?.space_before !== false);
  while (next > 0 && next < words.length - 1 && !ends(by > 0 ? next : next - 1)) next += by;
  return next;
}

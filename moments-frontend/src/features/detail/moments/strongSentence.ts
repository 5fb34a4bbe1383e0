import type { Word } from "@/api/types";
import { written } from "../transcript/said";
import { HARDLY_HEARD, UNSPACED } from "../transcript/selection";

/** The words of one sentence, by their indexes in the transcript. */
export interface Sentence {
  first: number;
  last: number;
  /** Whether words at its beginning, a hesitation or a "So,", are left out. */
  shortened: boolean;
}

/** A strong sentence has as many words, or as many letters in scripts without spaces. */
const [LEAST_WORDS, LEAST_LETTERS] = [6, 12];
/** Speech that a recogniser did not punctuate is cut into pieces of so many words. */
const MOST_WORDS = 40;
const END = /[.!?…]["”»']?$/;
const END_UNSPACED = /[。！？]["”»」』]?$/;
const HESITATION = /^(?:u+h*m+|u+h+|e+r+m*|a+h+|h+m+|m+h+m*|m{2,}|ä+h*m*|ö+h*m*|e+uh+)$/;
/** These open a sentence without saying anything, where a comma follows. */
const OPENING = /^(?:so|and|but|okay|ok|well|right|yeah|yes|no|now|anyway|alright|also|ja|gut|naja|bon|ben|alors|donc|bueno|pues|vale|entonces)[,.…]$/;

/**
 * Returns the first sentence inside a stretch of seconds that is long enough and recognised with confidence, without hesitations at its
 * beginning; where there is none, the longest. Null where nothing is said.
 */
export function strongSentence(words: readonly Word[], start: number, end: number): Sentence | null {
  const sentences = sentencesOf(words, ...within(words, start, end)).map((one) => withoutOpening(words, one));
  const strong = sentences.find((one) => lengthOf(words, one) >= 1 && isHeard(words, one));
  if (strong !== undefined) return strong;
  return sentences.reduce<Sentence | null>((best, one) => (best === null || lengthOf(words, one) > lengthOf(words, best) ? one : best), null);
}

/** Returns the indexes of the first and the last word whose middle lies in the stretch. */
function within(words: readonly Word[], start: number, end: number): [number, number] {
  return [firstAfter(words, start), firstAfter(words, end) - 1];
}

function firstAfter(words: readonly Word[], time: number): number {
  let [low, high] = [0, words.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const word = words[middle];
    if (word !== undefined && (word.start + word.end) / 2 < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

function sentencesOf(words: readonly Word[], first: number, last: number): Sentence[] {
  const found: Sentence[] = [];
  let at = first;
  for (let index = first; index <= last; index += 1) {
    const text = words[index]?.word.trim() ?? "";
    // "3." ends no sentence where "5" follows without a space.
    const ends = END_UNSPACED.test(text) || (END.test(text) && words[index + 1]?.space_before !== false);
    if (!ends && index < last && index - at + 1 < MOST_WORDS) continue;
    found.push({ first: at, last: index, shortened: false });
    at = index + 1;
  }
  return found;
}

function withoutOpening(words: readonly Word[], sentence: Sentence): Sentence {
  let at = sentence.first;
  while (at < sentence.last && saysNothing(words[at]?.word ?? "")) at += 1;
  return { first: at, last: sentence.last, shortened: at > sentence.first };
}

function saysNothing(word: string): boolean {
  const said = word.trim().toLowerCase();
  return OPENING.test(said) || HESITATION.test(said.replace(/[,.…]+$/, ""));
}

/** Returns how long a sentence is, where 1 is just long enough. */
function lengthOf(words: readonly Word[], { first, last }: Sentence): number {
  const said = written(words, first, last);
  const letters = said.reduce((sum, word) => sum + (UNSPACED.test(word.text) ? word.text.length : 0), 0);
  return Math.max((said.filter((word) => word.space).length + 1) / LEAST_WORDS, letters / LEAST_LETTERS);
}

/** Tells whether most words of a sentence are more likely right than wrong. */
function isHeard(words: readonly Word[], { first, last }: Sentence): boolean {
  let doubtful = 0;
  for (let index = first; index <= last; index += 1) doubtful += isUnsure(words[index]) ? 1 : 0;
  return doubtful * 3 < last - first + 1;
}

export function isUnsure(word: Word | undefined): boolean {
  return (word?.confidence ?? 1) < HARDLY_HEARD;
}

/** Words in a row that are all recognised with confidence, or all not. */
export interface Piece {
  text: string;
  unsure: boolean;
}

/** Returns a sentence as few pieces of text. `doubts` is whether the recogniser's confidences mean anything. */
export function piecesOf(words: readonly Word[], { first, last, shortened }: Sentence, doubts: boolean): Piece[] {
  const pieces: Piece[] = shortened ? [{ text: "… ", unsure: false }] : [];
  const add = (text: string, unsure: boolean) => {
    const before = pieces[pieces.length - 1];
    if (before?.unsure === unsure) before.text += text;
    else pieces.push({ text, unsure });
  };
  for (const word of written(words, first, last)) {
    if (word.space) add(" ", false);
    add(word.text, doubts && isUnsure(words[word.index]));
  }
  return pieces;
}

import type { Word } from "@/api/types";

/** Scripts without spaces, for transcripts from before words stored their spaces. */
const KANA_OR_HAN = /[\u3040-\u30ff\u3400-\u9fff]/;

/** A word in running text; `start` and `end` are its positions in that text. */
export interface Written {
  index: number;
  text: string;
  space: boolean;
  start: number;
  end: number;
}

/** Returns the words `first` to `last` that have a text, each with whether a space stands before it (never before the first). */
export function written(words: readonly Word[], first: number, last: number): Written[] {
  const found: Written[] = [];
  let [at, before] = [0, ""];
  // A word that a user emptied leaves its space.
  let carried: boolean | null = false;
  for (let index = first; index <= last; index += 1) {
    const word = words[index];
    if (word === undefined) continue;
    const text = word.word.trim().replace(/\s+/g, " ");
    const said = word.space_before ?? null;
    if (text === "") {
      carried = carried === true || said === true ? true : carried === null || said === null ? null : false;
      continue;
    }
    const own: boolean | null = carried === true ? true : said === false && carried === null ? null : said;
    const space = found.length > 0 && (own ?? !(KANA_OR_HAN.test(before) && KANA_OR_HAN.test(text.charAt(0))));
    at += space ? 1 : 0;
    found.push({ index, text, space, start: at, end: at + text.length });
    at += text.length;
    before = text.charAt(text.length - 1);
    carried = false;
  }
  return found;
}

/** Returns words as running text. */
export function runningText(words: readonly Word[], first = 0, last = words.length - 1): string {
  return written(words, first, last)
    .map((word) => (word.space ? ` ${word.text}` : word.text))
    .join("");
}

/** Returns the indexes of the words in which any of `parts` (in lower case) occurs, even across words: "3.5" is two words. */
export function holding(written: readonly Written[], parts: readonly string[]): Set<number> {
  const text = written
    .map((word) => (word.space ? ` ${word.text}` : word.text))
    .join("")
    .toLowerCase();
  const found = new Set<number>();
  for (const part of parts)
    for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1))
      for (const word of written) if (word.start < at + part.length && word.end > at) found.add(word.index);
  return found;
}

/** Groups words that are written without a space: a word of the language, or a whole line in scripts without spaces. */
function units(words: readonly Written[]): Written[][] {
  const found: Written[][] = [];
  for (const word of words)
    if (word.space || found.length === 0) found.push([word]);
    else found[found.length - 1]?.push(word);
  return found;
}

/** Returns how many parts a corrected line must have, so that each word keeps its time. */
export function unitCount(words: readonly Written[]): number {
  return units(words).reduce((count, unit) => count + textOf(unit).split(" ").length, 0);
}

/**
 * Returns the words' texts after a correction of a line, by their index, or null where it has another number of parts. In a group ("3" and
 * ".5"), unchanged words at both ends keep their text, and the first of the others gets the new text.
 */
export function corrections(words: readonly Written[], line: string): Map<number, string> | null {
  const parts = line.trim().split(/\s+/);
  if (parts.length !== unitCount(words)) return null;
  const found = new Map<number, string>();
  let at = 0;
  for (const unit of units(words)) {
    const before = textOf(unit);
    const length = before.split(" ").length;
    const now = parts.slice(at, at + length).join(" ");
    at += length;
    if (now !== before) changed(unit, now).forEach((text, index) => found.set(index, text));
  }
  return found;
}

function textOf(unit: readonly Written[]): string {
  return unit.map((word) => word.text).join("");
}

function changed(unit: readonly Written[], now: string): Map<number, string> {
  let [first, last, rest] = [0, unit.length, now];
  while (first < last - 1 && rest.startsWith(unit[first]?.text ?? "")) rest = rest.slice(unit[first++]?.text.length ?? 0);
  while (last - 1 > first && rest.endsWith(unit[last - 1]?.text ?? "")) rest = rest.slice(0, rest.length - (unit[--last]?.text.length ?? 0));
  const middle = unit.slice(first, last);
  const found = new Map<number, string>();
  middle.forEach((word, index) => {
    const text = index === 0 ? rest : "";
    if (text !== word.text) found.set(word.index, text);
  });
  return found;
}

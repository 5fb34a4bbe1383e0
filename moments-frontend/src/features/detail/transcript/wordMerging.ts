import type { CorrectWord, Word } from "@/api/types";
import { type Difference, differences, type Side } from "@/lib/merging";
import { formatTime } from "@/lib/time";

/** Returns where my corrections differ from another user's, word by word. Null where theirs are different words, transcribed anew. */
export function wordDifferences(seen: readonly Word[], theirs: readonly Word[], mine: readonly CorrectWord[]): Difference[] | null {
  if (seen.length !== theirs.length || mine.some(({ index }) => seen[index]?.start !== theirs[index]?.start)) return null;
  const wanted = new Map(mine.map(({ index, word }) => [index, word]));
  const fields = mine.map(({ index }) => ({
    name: String(index),
    label: `Word at ${formatTime(seen[index]?.start ?? 0)}`,
    show: (texts: (index: number) => string) => texts(index),
  }));
  const textOf = (words: readonly Word[]) => (index: number) => words[index]?.word.trim() ?? "";
  return differences(fields, textOf(seen), textOf(theirs), (index) => wanted.get(index)?.trim() ?? "");
}

/** Returns my corrections to send over theirs. */
export function chosenWords(theirs: readonly Word[], mine: readonly CorrectWord[], found: readonly Difference[], chosen: Readonly<Record<string, Side>>): CorrectWord[] {
  const sent = new Set(found.filter((one) => (chosen[one.name] ?? one.preferred) === "mine").map((one) => one.name));
  return mine.filter(({ index }) => sent.has(String(index))).map(({ index, word }) => ({ index, was: theirs[index]?.word ?? "", word }));
}

import type { Word } from "@/api/types";
import { written } from "./said";

/** Returns the words between the ends of a selection, or null where nothing of the transcript is selected. */
export function selectedWords(selection: Selection | null): { first: number; last: number } | null {
  if (selection === null || selection.isCollapsed || selection.rangeCount === 0) return null;
  const range = selection.getRangeAt(0);
  const indexes = [indexOf(range.startContainer), indexOf(range.endContainer)].filter((index) => index !== null);
  if (indexes.length !== 2) return null;
  return { first: Math.min(...indexes), last: Math.max(...indexes) };
}

function indexOf(node: Node): number | null {
  const element = node instanceof Element ? node : node.parentElement;
  const marked = element?.closest("[data-word]") ?? element?.querySelector("[data-word]");
  const index = marked?.getAttribute("data-word");
  return index == null ? null : Number(index);
}

/** The most words of a title, and the most letters in scripts without spaces. */
const [TITLE_WORDS, TITLE_LETTERS] = [7, 40];
/** Scripts that are written without spaces between words. */
export const UNSPACED = /[\u0e00-\u109f\u1780-\u17ff\u3000-\u30ff\u3400-\u9fff]/;

const UNTITLED = "New moment";
/** Below this confidence a word is more likely wrong than right. */
export const HARDLY_HEARD = 0.5;

/**
 * Returns a title from the first few words, without a comma at the end, or a default where a word has low confidence. Words that are
 * written as one are not cut.
 */
export function titleOf(words: readonly Word[]): string {
  let text = "";
  let count = 0;
  for (const word of written(words, 0, words.length - 1)) {
    count += word.space || text === "" ? 1 : 0;
    if (count > TITLE_WORDS || (UNSPACED.test(word.text) && text.length + word.text.length > TITLE_LETTERS)) break;
    if ((words[word.index]?.confidence ?? 1) < HARDLY_HEARD) return UNTITLED;
    text += word.space ? ` ${word.text}` : word.text;
  }
  text = text.replace(/[.,;:!?、。，；：！？]+$/, "");
  return text === "" ? UNTITLED : text;
}

/** A line of the transcript: a segment with the indexes of its first and last word. */
export interface Line {
  start: number;
  end: number;
  first: number;
  last: number;
}

/** Returns the lines of `segments`. A word that no segment holds goes to the one before it. */
export function linesOf(words: readonly Word[], segments: readonly { start: number; end: number }[]): Line[] {
  const lines: Line[] = [];
  let at = 0;
  segments.forEach((segment, index) => {
    const until = segments[index + 1]?.start ?? Infinity;
    const first = at;
    while (at < words.length && (words[at]?.start ?? 0) < until - 0.005) at += 1;
    if (at > first) lines.push({ start: segment.start, end: segment.end, first, last: at - 1 });
  });
  return lines;
}

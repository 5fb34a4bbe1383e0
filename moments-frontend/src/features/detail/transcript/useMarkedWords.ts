import { type KeyboardEvent, type RefObject, useEffect, useState } from "react";
import type { Word } from "@/api/types";
import { announce } from "@/lib/announce";
import { wordAt } from "../editor/snapping";
import { usePlayer } from "../player/player";
import { extended, type Marked } from "./marking";
import { selectedWords } from "./selection";

/** Returns the words that are marked by mouse or keyboard, or null while none are. */
export function useMarkedWords(pane: RefObject<HTMLDivElement | null>, words: readonly Word[], show: (word: number) => void) {
  const [marked, setMarked] = useState<Marked | null>(null);
  const player = usePlayer();
  useEffect(() => {
    const notice = () => {
      const selection = document.getSelection();
      if (selection === null || pane.current === null || selection.anchorNode === null || !pane.current.contains(selection.anchorNode)) return;
      const found = selectedWords(selection);
      setMarked(found === null ? null : { from: found.first, to: found.last });
    };
    document.addEventListener("selectionchange", notice);
    return () => {
      document.removeEventListener("selectionchange", notice);
    };
  }, [pane]);

  const clear = () => {
    document.getSelection()?.removeAllRanges();
    setMarked(null);
  };
  /** Handles keys in the words: Shift with arrows marks from the playhead on, Escape clears the mark. */
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Escape" && marked !== null) clear();
    else if (event.shiftKey) {
      const next = extended(marked, event.key, event.ctrlKey || event.metaKey, Math.max(0, wordAt(words, player.time.get())), words);
      if (next === null) return;
      setMarked(next);
      show(next.to);
      announce(`${Math.abs(next.to - next.from) + 1} words marked, ${next.to < next.from ? "from" : "until"} “${words[next.to]?.word.trim() ?? ""}”.`);
    } else return;
    // The page's own shortcuts must not run too.
    event.preventDefault();
    event.stopPropagation();
  };
  const span = marked === null ? null : { first: Math.min(marked.from, marked.to), last: Math.max(marked.from, marked.to) };
  return { span, clear, onKey };
}

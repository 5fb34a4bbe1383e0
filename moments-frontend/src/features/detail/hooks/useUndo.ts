import { useCallback, useRef } from "react";

export interface Undoable {
  label: string;
  undo: () => void;
}

const MOST = 50;

/** What was done, newest last; `undo` takes the newest back and answers its label, null when there is nothing. */
export function useUndo(): { push: (done: Undoable) => void; undo: () => string | null } {
  const stack = useRef<Undoable[]>([]);
  const push = useCallback((done: Undoable) => {
    stack.current = [...stack.current.slice(1 - MOST), done];
  }, []);
  const undo = useCallback(() => {
    const last = stack.current.pop();
    last?.undo();
    return last?.label ?? null;
  }, []);
  return { push, undo };
}

import { useCallback, useRef } from "react";

export interface Undoable {
  label: string;
  undo: () => void;
}

const MOST = 50;

interface Undo {
  push: (done: Undoable) => void;
  /** Takes back the newest; its label, null when there is nothing. */
  undo: () => string | null;
  /** For what was refused: there is nothing to take back. */
  drop: (refused: Undoable) => void;
}

/** What was done, newest last. */
export function useUndo(): Undo {
  const stack = useRef<Undoable[]>([]);
  const push = useCallback((done: Undoable) => {
    stack.current = [...stack.current.slice(1 - MOST), done];
  }, []);
  const drop = useCallback((refused: Undoable) => {
    stack.current = stack.current.filter((one) => one !== refused);
  }, []);
  const undo = useCallback(() => {
    const last = stack.current.pop();
    last?.undo();
    return last?.label ?? null;
  }, []);
  return { push, undo, drop };
}

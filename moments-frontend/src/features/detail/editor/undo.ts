export interface Undoable {
  label: string;
  undo: () => void;
}

const MOST = 50;

export interface Undo {
  push: (done: Undoable) => void;
  /** Takes back the newest; its label, null when there is nothing. */
  undo: () => string | null;
  /** For what was refused: there is nothing to take back. */
  drop: (refused: Undoable) => void;
}

/** What was done, newest last. */
export function createUndo(): Undo {
  let stack: readonly Undoable[] = [];
  return {
    push: (done) => {
      stack = [...stack.slice(1 - MOST), done];
    },
    undo: () => {
      const last = stack.at(-1);
      stack = stack.slice(0, -1);
      last?.undo();
      return last?.label ?? null;
    },
    drop: (refused) => {
      stack = stack.filter((one) => one !== refused);
    },
  };
}

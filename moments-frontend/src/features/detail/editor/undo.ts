export interface Undoable {
  label: string;
  undo: () => void;
}

const MOST = 50;

export interface Undo {
  push: (done: Undoable) => void;
  /** Undoes the newest step. Returns its label, or null when there is none. */
  undo: () => string | null;
  /** Removes a step that was refused: there is nothing to undo. */
  drop: (refused: Undoable) => void;
}

/** The steps that were done, newest last. */
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

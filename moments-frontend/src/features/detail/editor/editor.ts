import { createContext, useContext } from "react";
import type { MomentOut } from "@/api/types";
import type { Editing } from "./edit";
import type { Judging } from "./judging";
import type { Merging } from "./merge";
import type { Splitting } from "./split";

/** The actions of a user on a video's moments, each of which can be undone. */
export interface Editor extends Editing, Judging, Splitting, Merging {
  videoId: string;
  /** Selects a moment, or none: `useSelected` returns its id. */
  select: (id: string | null) => void;
  /** Starts a run that sets the moment's boundaries anew. */
  refine: (moment: MomentOut) => void;
  undo: () => void;
}

export const EditorContext = createContext<Editor | null>(null);

// Separate from the editor, so that selecting another moment re-renders only what shows the selection, not every moment.
export const SelectedContext = createContext<string | null>(null);

export function useEditor(): Editor {
  const editor = useContext(EditorContext);
  if (editor === null) throw new Error("no EditorProvider above");
  return editor;
}

/** Returns the id of the selected moment, or null where none is selected. */
export function useSelected(): string | null {
  return useContext(SelectedContext);
}

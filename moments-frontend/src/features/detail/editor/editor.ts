import { createContext, useContext } from "react";
import type { MomentOut } from "@/api/types";
import type { Editing } from "./edit";
import type { Merging } from "./merge";
import type { Splitting } from "./split";

/** What a user can do to a video's moments, each of which can be taken back. */
export interface Editor extends Editing, Splitting, Merging {
  videoId: string;
  /** Chooses a moment: `useSelected` is its id. */
  select: (id: string) => void;
  /** Starts a run that sets the moment's boundaries anew. */
  refine: (moment: MomentOut) => void;
  undo: () => void;
}

export const EditorContext = createContext<Editor | null>(null);

// Apart from the editor: choosing another moment redraws what shows the choice, not every moment.
export const SelectedContext = createContext<string | null>(null);

export function useEditor(): Editor {
  const editor = useContext(EditorContext);
  if (editor === null) throw new Error("no EditorProvider above");
  return editor;
}

/** The id of the moment that is chosen; null where none is. */
export function useSelected(): string | null {
  return useContext(SelectedContext);
}

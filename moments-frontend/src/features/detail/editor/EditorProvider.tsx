import { type ReactNode, useMemo, useState } from "react";
import { useNotify, useNotifyError } from "@/hooks/useNotify";
import { useMomentWrites, useRefineAgain } from "../api/moments";
import { createChanges } from "./changes";
import { editing } from "./edit";
import { type Editor, EditorContext, SelectedContext } from "./editor";
import { judging } from "./judging";
import { merging } from "./merge";
import { splitting } from "./split";
import { createUndo } from "./undo";
import { useMaterial } from "./useMaterial";

/** Provides the editor of one video: `useEditor`, and `useSelected` for the selected moment. */
export function EditorProvider({ videoId, children }: { videoId: string; children: ReactNode }) {
  const material = useMaterial(videoId);
  const [selected, select] = useState<string | null>(null);
  const [undo] = useState(createUndo);
  const writes = useMomentWrites(videoId);
  const { mutateAsync: refine } = useRefineAgain(videoId);
  const notify = useNotify();
  const onError = useNotifyError();

  const editor = useMemo((): Editor => {
    const changes = createChanges({ videoId, writes, undo, notify, onError });
    return {
      videoId,
      select,
      ...editing(changes, material),
      ...judging(changes),
      ...splitting(changes),
      ...merging(changes),
      refine: (moment) => {
        changes.later(refine(moment.identifier).then(() => notify({ message: `Refining “${moment.title}” again.` })));
      },
      undo: () => {
        const label = undo.undo();
        notify({ message: label === null ? "There is nothing to undo." : `Undone: ${label}.`, severity: "info" });
      },
    };
  }, [videoId, writes, material, undo, refine, notify, onError]);

  return (
    <EditorContext value={editor}>
      <SelectedContext value={selected}>{children}</SelectedContext>
    </EditorContext>
  );
}

import { useRef, useState } from "react";
import type { MomentOut } from "@/api/types";
import { useEditor } from "../editor/editor";

/** A field for a moment's title. It is saved on Enter or blur; Escape discards the change. */
export function TitleField({ moment }: { moment: MomentOut }) {
  const editor = useEditor();
  const [draft, setDraft] = useState<string | null>(null);
  const typed = useRef(moment);
  const finish = () => {
    const title = draft?.trim() ?? "";
    if (title !== "" && title !== typed.current.title) editor.edit(typed.current, { title }, "Title");
    setDraft(null);
  };
  return (
    <textarea
      className="title"
      rows={1}
      value={draft ?? moment.title}
      // One text that wraps to as many lines as a narrow screen needs.
      onChange={(event) => {
        if (draft === null) typed.current = moment;
        setDraft(event.target.value.replace(/\n/g, " "));
      }}
      onBlur={finish}
      onKeyDown={(event) => {
        if (event.key === "Enter") {
          event.preventDefault();
          event.currentTarget.blur();
        }
        if (event.key === "Escape") setDraft(null);
      }}
      aria-label="Title"
      maxLength={300}
    />
  );
}

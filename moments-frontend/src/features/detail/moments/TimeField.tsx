import { useState } from "react";
import { formatTime, parseTime } from "@/lib/time";

interface Props {
  label: string;
  value: number;
  /** Called when the user begins to type. */
  onBegin: () => void;
  onChange: (seconds: number) => void;
}

/** A field for a time. The value changes on Enter or blur; Escape discards it. */
export function TimeField({ label, value, onBegin, onChange }: Props) {
  const [draft, setDraft] = useState<string | null>(null);
  const parsed = draft === null ? value : parseTime(draft);
  const finish = () => {
    if (draft !== null && parsed !== null && Math.abs(parsed - value) > 0.04) onChange(parsed);
    setDraft(null);
  };
  return (
    <label className="time">
      <input
        aria-label={label}
        value={draft ?? formatTime(value)}
        aria-invalid={parsed === null || undefined}
        title={parsed === null ? "h:mm:ss.f" : label}
        onChange={(event) => {
          if (draft === null) onBegin();
          setDraft(event.target.value);
        }}
        onBlur={finish}
        onKeyDown={(event) => {
          if (event.key === "Enter") finish();
          if (event.key === "Escape") setDraft(null);
        }}
      />
    </label>
  );
}

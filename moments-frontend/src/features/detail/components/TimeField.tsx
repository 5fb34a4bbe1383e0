import { TextField } from "@mui/material";
import { useState } from "react";
import { formatTime, parseTime } from "@/lib/time";

interface Props {
  label: string;
  value: number;
  onChange: (seconds: number) => void;
}

/** A time that can be typed. Nothing is changed until Enter or leaving, and by Escape nothing at all. */
export function TimeField({ label, value, onChange }: Props) {
  const [draft, setDraft] = useState<string | null>(null);
  const parsed = draft === null ? value : parseTime(draft);
  const finish = () => {
    if (draft !== null && parsed !== null && Math.abs(parsed - value) > 0.04) onChange(parsed);
    setDraft(null);
  };
  return (
    <TextField
      label={label}
      value={draft ?? formatTime(value)}
      error={parsed === null}
      helperText={parsed === null ? "h:mm:ss.f" : undefined}
      onChange={(event) => setDraft(event.target.value)}
      onBlur={finish}
      onKeyDown={(event) => {
        if (event.key === "Enter") finish();
        if (event.key === "Escape") setDraft(null);
      }}
      slotProps={{ htmlInput: { sx: { fontVariantNumeric: "tabular-nums", py: 0.6, px: 1, fontSize: 13, width: 82 } } }}
    />
  );
}

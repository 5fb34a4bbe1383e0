import { Box, Button, TextField } from "@mui/material";
import { useState } from "react";
import type { Word } from "@/api/types";
import { useNotifyError } from "@/hooks/useNotify";
import { formatTime } from "@/lib/time";
import { useCorrectWords } from "../api/media";
import type { Line } from "../lib/selection";

/** Words are replaced one for one, so that each keeps its time. */
export function LineEditor({ videoId, words, line, onDone }: { videoId: string; words: readonly Word[]; line: Line; onDone: () => void }) {
  const before = words.slice(line.first, line.last + 1);
  const [text, setText] = useState(before.map((word) => word.word.trim()).join(" "));
  const correct = useCorrectWords(videoId);
  const onError = useNotifyError();
  const now = text.trim().split(/\s+/);
  const fits = now.length === before.length;
  const save = () => {
    const changes = before.flatMap((word, index) =>
      now[index] === word.word.trim() ? [] : [{ index: line.first + index, was: word.word, word: now[index] ?? "" }],
    );
    if (changes.length === 0) onDone();
    else correct.mutate(changes, { onError, onSuccess: onDone });
  };
  return (
    <Box sx={{ px: 2, py: 1 }}>
      <TextField
        autoFocus
        fullWidth
        multiline
        label={`Words at ${formatTime(line.start)}`}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") onDone();
          if (event.key === "Enter" && !event.shiftKey) {
            event.preventDefault();
            if (fits) save();
          }
        }}
        error={!fits}
        helperText={fits ? "Each word keeps its time." : `There are ${before.length} words; now it is ${now.length}. Join two with a hyphen, or split at a place where one stood.`}
      />
      <Button size="small" onClick={save} disabled={!fits || correct.isPending}>
        Save
      </Button>
      <Button size="small" color="inherit" onClick={onDone}>
        Leave it
      </Button>
    </Box>
  );
}

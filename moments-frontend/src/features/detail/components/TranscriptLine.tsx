import { Box, Button, IconButton, Link, TextField, Tooltip } from "@mui/material";
import { Pencil } from "lucide-react";
import { memo, useState } from "react";
import type { Word } from "@/api/types";
import { useNotifyError } from "@/hooks/useNotify";
import { formatTime } from "@/lib/time";
import { useCorrectWords } from "../api/media";
import { usePlayer, useTimeOf } from "../hooks/player";
import type { Line } from "../lib/selection";
import { wordAt } from "../lib/snapping";

interface Props {
  videoId: string;
  words: readonly Word[];
  line: Line;
  current: boolean;
  wanted: string;
}

/** A sentence or so: its time leads there, each word too; the pencil corrects it. */
export const TranscriptLine = memo(function TranscriptLine({ videoId, words, line, current, wanted }: Props) {
  const { seek } = usePlayer();
  const [editing, setEditing] = useState(false);
  const spoken = useTimeOf((time) => (current ? wordAt(words, time) : -1));
  const indexes = Array.from({ length: line.last - line.first + 1 }, (_, index) => line.first + index);
  if (editing) return <LineEditor videoId={videoId} words={words} line={line} onDone={() => setEditing(false)} />;
  return (
    <Box sx={{ display: "grid", gridTemplateColumns: "78px 1fr 32px", gap: 1, px: 2, py: 0.75, bgcolor: current ? "action.selected" : "transparent", "&:hover .pencil, .pencil:focus-visible": { opacity: 1 } }}>
      <Link component="button" variant="caption" color="text.secondary" onClick={() => seek(line.start)} sx={{ textAlign: "left", fontVariantNumeric: "tabular-nums", alignSelf: "start", pt: 0.25 }}>
        {formatTime(line.start)}
      </Link>
      {/* Words lead to their time by a click; by keyboard the line's time does. */}
      {/* eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions */}
      <div
        onClick={(event) => {
          const index = (event.target as HTMLElement).dataset.word;
          if (index !== undefined && document.getSelection()?.isCollapsed !== false) seek(words[Number(index)]?.start ?? 0);
        }}
        style={{ fontSize: 15, lineHeight: 1.6, cursor: "text" }}
      >
        {indexes.map((index) => {
          const text = words[index]?.word.trim() ?? "";
          const found = wanted !== "" && wanted.split(" ").some((part) => part !== "" && text.toLowerCase().includes(part));
          return (
            <span key={index}>
              <Box
                component="span"
                data-word={index}
                sx={{
                  borderRadius: 0.5,
                  cursor: "pointer",
                  ...(index === spoken && { bgcolor: "primary.main", color: "primary.contrastText" }),
                  ...(found && index !== spoken && { bgcolor: "warning.main", color: "background.default" }),
                }}
              >
                {text}
              </Box>{" "}
            </span>
          );
        })}
      </div>
      <Tooltip title="Correct the words">
        <IconButton className="pencil" size="small" aria-label={`Correct the words at ${formatTime(line.start)}`} onClick={() => setEditing(true)} sx={{ opacity: { xs: 1, md: 0 }, alignSelf: "start" }}>
          <Pencil size={14} aria-hidden />
        </IconButton>
      </Tooltip>
    </Box>
  );
});

/** Words are replaced one for one, so that each keeps its time. */
function LineEditor({ videoId, words, line, onDone }: { videoId: string; words: readonly Word[]; line: Line; onDone: () => void }) {
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

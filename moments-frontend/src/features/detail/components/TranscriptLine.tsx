import { Box, Button, TextField } from "@mui/material";
import { styled } from "@mui/material/styles";
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
  /** First and last marked word of the line, empty without any. */
  marked: string;
}

/** A sentence or so: its time leads there, each word too; the pencil corrects it. */
export const TranscriptLine = memo(function TranscriptLine({ videoId, words, line, current, wanted, marked }: Props) {
  const { seek } = usePlayer();
  const [editing, setEditing] = useState(false);
  const spoken = useTimeOf((time) => (current ? wordAt(words, time) : -1));
  const indexes = Array.from({ length: line.last - line.first + 1 }, (_, index) => line.first + index);
  const parts = wanted.split(" ").filter((part) => part !== "");
  const [markedFirst = NaN, markedLast = NaN] = marked === "" ? [] : marked.split(" ").map(Number);
  if (editing) return <LineEditor videoId={videoId} words={words} line={line} onDone={() => setEditing(false)} />;
  return (
    <LineFrame aria-current={current || undefined}>
      <button type="button" className="at" onClick={() => seek(line.start)}>
        {formatTime(line.start)}
      </button>
      {/* Words lead to their time by a click; by keyboard the line's time does. */}
      {/* eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions */}
      <div
        className="words"
        onClick={(event) => {
          const index = (event.target as HTMLElement).dataset.word;
          if (index !== undefined && document.getSelection()?.isCollapsed !== false) seek(words[Number(index)]?.start ?? 0);
        }}
      >
        {indexes.map((index) => {
          const text = words[index]?.word.trim() ?? "";
          const found = parts.some((part) => text.toLowerCase().includes(part));
          return (
            <span key={index}>
              <span data-word={index} className={index === spoken ? "spoken" : index >= markedFirst && index <= markedLast ? "marked" : found ? "found" : undefined}>
                {text}
              </span>{" "}
            </span>
          );
        })}
      </div>
      <button type="button" className="pencil" title="Correct the words" aria-label={`Correct the words at ${formatTime(line.start)}`} onClick={() => setEditing(true)}>
        <Pencil size={14} aria-hidden />
      </button>
    </LineFrame>
  );
});

/** One style for a line and all its words: lines come and go while it scrolls. */
const LineFrame = styled("div")({
  display: "grid",
  gridTemplateColumns: "78px 1fr 32px",
  gap: 8,
  padding: "6px 16px",
  "&[aria-current]": { backgroundColor: "var(--mui-palette-action-selected)" },
  "& button": { alignSelf: "start", border: 0, background: "none", color: "var(--mui-palette-text-secondary)", cursor: "pointer", borderRadius: 6, font: "inherit", minHeight: 24 },
  "& .at": { padding: 0, fontSize: 13, textAlign: "left", fontVariantNumeric: "tabular-nums" },
  "& .at:hover": { textDecoration: "underline" },
  "& .words": { fontSize: 15, lineHeight: 1.6, cursor: "text" },
  "& [data-word]": { borderRadius: 4, cursor: "pointer" },
  "& .spoken": { backgroundColor: "var(--mui-palette-primary-main)", color: "var(--mui-palette-primary-contrastText)" },
  "& .marked": { backgroundColor: "var(--mui-palette-info-main)", color: "var(--mui-palette-background-default)" },
  "& .found": { backgroundColor: "var(--mui-palette-warning-main)", color: "var(--mui-palette-background-default)" },
  "& .pencil": { width: 28, height: 28, padding: 0, display: "grid", placeItems: "center" },
  "@media (hover: hover)": { "& .pencil": { opacity: 0 }, "&:hover .pencil, & .pencil:focus-visible": { opacity: 1 } },
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

import { styled } from "@mui/material/styles";
import { Pencil } from "lucide-react";
import { lazy, memo, Suspense, useState } from "react";
import type { Word } from "@/api/types";
import { Allowed } from "@/components/Allowed";
import { formatTime } from "@/lib/time";
import { wordAt } from "../editor/snapping";
import { usePlayer, useTimeOf } from "../player/player";
import { holding, written } from "./said";
import { HARDLY_HEARD, type Line } from "./selection";

// Few users correct words, so the form is loaded on demand.
const LineEditor = lazy(async () => ({ default: (await import("./LineEditor")).LineEditor }));

interface Props {
  words: readonly Word[];
  line: Line;
  current: boolean;
  wanted: string;
  /** The first and last marked word of the line, empty without any. */
  marked: string;
  /** Whether the line is in a stretch where one word of three is likely wrong. */
  hard: boolean;
  /** Whether the recogniser's confidence is informative: then words below one half are marked. */
  doubts: boolean;
}

/** Shows about one sentence. Its time and each word seek; the pencil corrects it. */
export const TranscriptLine = memo(function TranscriptLine({ words, line, current, wanted, marked, hard, doubts }: Props) {
  const { seek } = usePlayer();
  const [editing, setEditing] = useState(false);
  const spoken = useTimeOf((time) => (current ? wordAt(words, time) : -1));
  const said = written(words, line.first, line.last);
  const found = holding(
    said,
    wanted.split(" ").filter((part) => part !== ""),
  );
  const [markedFirst = NaN, markedLast = NaN] = marked === "" ? [] : marked.split(" ").map(Number);
  if (editing)
    return (
      <Suspense fallback={<div style={{ height: 112 }} />}>
        <LineEditor words={words} line={line} onDone={() => setEditing(false)} />
      </Suspense>
    );
  return (
    <LineFrame aria-current={current || undefined}>
      <div>
        <button type="button" className="at" onClick={() => seek(line.start)}>
          {formatTime(line.start)}
        </button>
        {hard && (
          <div className="hard" title="At least one word in three is probably wrong">
            hard to hear
          </div>
        )}
      </div>
      {/* A click on a word seeks to it; on the keyboard the line's time does. */}
      {/* eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions */}
      <div
        className="words"
        onClick={(event) => {
          const index = (event.target as HTMLElement).dataset.word;
          if (index !== undefined && document.getSelection()?.isCollapsed !== false) seek(words[Number(index)]?.start ?? 0);
        }}
      >
        {said.map(({ index, text, space }) => (
          <span key={index}>
            {space && " "}
            <span
              data-word={index}
              data-unsure={doubts && (words[index]?.confidence ?? 1) < HARDLY_HEARD ? "" : undefined}
              className={index === spoken ? "spoken" : index >= markedFirst && index <= markedLast ? "marked" : found.has(index) ? "found" : undefined}
            >
              {text}
            </span>
          </span>
        ))}
      </div>
      <Allowed>
        <button type="button" className="pencil" title="Correct the words" aria-label={`Correct the words at ${formatTime(line.start)}`} onClick={() => setEditing(true)}>
          <Pencil size={14} aria-hidden />
        </button>
      </Allowed>
    </LineFrame>
  );
});

/** One style for a line and all its words, because lines are mounted and unmounted while the transcript scrolls. */
const LineFrame = styled("div")({
  display: "grid",
  gridTemplateColumns: "78px 1fr 32px",
  gap: 8,
  padding: "6px 16px",
  "&[aria-current]": { backgroundColor: "color-mix(in srgb, var(--mui-palette-primary-main) 10%, transparent)" },
  "& button": { alignSelf: "start", border: 0, background: "none", color: "var(--mui-palette-text-secondary)", cursor: "pointer", borderRadius: 6, font: "inherit", minHeight: 24 },
  "& .at": { padding: 0, fontSize: 13, textAlign: "left", fontVariantNumeric: "tabular-nums" },
  "& .at:hover": { textDecoration: "underline" },
  "& .words": { fontSize: 15, lineHeight: 1.6, cursor: "text" },
  "& [data-word]": { borderRadius: 4, cursor: "pointer" },
  "& .spoken": { backgroundColor: "var(--mui-palette-primary-main)", color: "var(--mui-palette-primary-contrastText)" },
  "& .marked": { backgroundColor: "var(--mui-palette-info-main)", color: "var(--mui-palette-background-default)" },
  "& .found": { backgroundColor: "var(--mui-palette-warning-main)", color: "var(--mui-palette-background-default)" },
  "& [data-unsure]": { textDecoration: "underline dotted", textUnderlineOffset: 3 },
  "& .hard": { fontSize: 12, lineHeight: 1.3, color: "var(--mui-palette-text-secondary)" },
  "& .pencil": { width: 28, height: 28, padding: 0, display: "grid", placeItems: "center" },
  "@media (hover: hover)": { "& .pencil": { opacity: 0 }, "&:hover .pencil, & .pencil:focus-visible": { opacity: 1 } },
});

import { Alert, Box, Button, Card, IconButton, Skeleton, Stack, Typography } from "@mui/material";
import { styled } from "@mui/material/styles";
import { useVirtualizer } from "@tanstack/react-virtual";
import { ChevronDown, ChevronUp, MessageSquareText, Plus, Search } from "lucide-react";
import { type KeyboardEvent, memo, useEffect, useMemo, useRef, useState } from "react";
import { useMay } from "@/api/me";
import type { TranscriptOut, Word } from "@/api/types";
import { EmptyState } from "@/components/EmptyState";
import { useDebounced } from "@/hooks/useDebounced";
import { sentence } from "@/lib/sentence";
import { useEditor } from "../editor/editor";
import { wordAt } from "../editor/snapping";
import { usePlayer, usePlaying, useTimeOf } from "../player/player";
import { runningText } from "./said";
import { linesOf, titleOf } from "./selection";
import { TranscriptLine } from "./TranscriptLine";
import { useMarkedWords } from "./useMarkedWords";

const NO_WORDS: readonly Word[] = [];

interface Props {
  transcript: TranscriptOut | null;
  loading: boolean;
}

/** Shows the transcript. It follows playback, seeks on a click, and can be searched, corrected, and marked to make a moment. */
export const Transcript = memo(function Transcript({ transcript, loading }: Props) {
  const editor = useEditor();
  const pane = useRef<HTMLDivElement>(null);
  const words = transcript?.word_timestamps ?? NO_WORDS;
  const lines = useMemo(() => linesOf(words, transcript?.segment_timestamps ?? []), [words, transcript]);
  const [hard, doubts] = [transcript?.hard_to_hear ?? [], typeof transcript?.confidence === "number"];
  const [query, setQuery] = useState("");
  const [hit, setHit] = useState(0);
  const { seek } = usePlayer();
  const writes = useMay("write");
  const playing = usePlaying();
  const wanted = useDebounced(query.trim().toLowerCase());
  const hits = useMemo(() => (wanted === "" ? [] : lines.flatMap((line, index) => (textOf(words, line).includes(wanted) ? [index] : []))), [wanted, lines, words]);
  const virtual = useVirtualizer({ count: lines.length, getScrollElement: () => pane.current, estimateSize: () => 48, overscan: 6 });
  const current = useTimeOf((time) => {
    const index = wordAt(words, time);
    return index < 0 ? -1 : lineOf(lines, index);
  });
  useEffect(() => {
    // A line that is being corrected would be scrolled away, and what was typed lost with it.
    const correcting = pane.current?.querySelector("textarea") != null;
    if (playing && current >= 0 && !correcting) virtual.scrollToIndex(current, { align: "center" });
  }, [current, playing, virtual]);
  const { span, clear, onKey } = useMarkedWords(pane, words, (word) => virtual.scrollToIndex(lineOf(lines, word), { align: "auto" }));

  const go = (step: number) => {
    if (hits.length === 0) return;
    const next = (hit + step + hits.length) % hits.length;
    setHit(next);
    const line = hits[next] ?? 0;
    virtual.scrollToIndex(line, { align: "center" });
    seek(lines[line]?.start ?? 0);
  };
  const make = () => {
    const [first, last] = [words[span?.first ?? -1], words[span?.last ?? -1]];
    if (span === null || first === undefined || last === undefined) return;
    editor.create(titleOf(words.slice(span.first, span.last + 1)), first.start, last.end);
    clear();
  };

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    if (/^(INPUT|TEXTAREA)$/.test((event.target as HTMLElement).tagName)) return;
    if (event.key === "Enter" && span !== null && writes && event.target === pane.current) {
      event.preventDefault();
      event.stopPropagation();
      make();
    } else onKey(event);
  };

  if (loading) return <Skeleton variant="rounded" height={320} role="status" aria-label="Loading the transcript" />;
  return (
    <Card component="section" aria-label="Transcript" sx={{ display: "flex", flexDirection: "column" }}>
      <Stack direction="row" sx={{ alignItems: "center", gap: 1, px: 2, py: 1.25, borderBottom: 1, borderColor: "divider", flexWrap: "wrap" }}>
        <Typography variant="h2" sx={{ flex: 1 }}>
          Transcript
        </Typography>
        {span !== null && writes && (
          <Button size="small" variant="contained" startIcon={<Plus size={15} aria-hidden />} onMouseDown={(event) => event.preventDefault()} onClick={make}>
            Moment from {span.last - span.first + 1} words
          </Button>
        )}
        <SearchField>
          <Search size={16} aria-hidden />
          <input
            aria-label="Search the transcript"
            placeholder="Search the transcript"
            value={query}
            onChange={(event) => {
              setQuery(event.target.value);
              setHit(0);
            }}
            onKeyDown={(event) => {
              if (event.key === "Enter") go(event.shiftKey ? -1 : hits.length === 1 || wanted === "" ? 0 : 1);
            }}
          />
          {wanted !== "" && (
            <>
              <Typography variant="caption">{hits.length === 0 ? "0" : `${hit + 1}/${hits.length}`}</Typography>
              <IconButton size="small" aria-label="Previous match" onClick={() => go(-1)}>
                <ChevronUp size={16} aria-hidden />
              </IconButton>
              <IconButton size="small" aria-label="Next match" onClick={() => go(1)}>
                <ChevronDown size={16} aria-hidden />
              </IconButton>
            </>
          )}
        </SearchField>
      </Stack>
      {transcript?.remarks.map((remark) => (
        <Alert key={remark} severity="warning" sx={{ m: 1.5, mb: 0 }}>
          {sentence(remark)}
        </Alert>
      ))}
      {lines.length === 0 && (
        <EmptyState icon={MessageSquareText} title="No transcript">
          {whyEmpty(transcript)}
        </EmptyState>
      )}
      <Box ref={pane} tabIndex={0} role="group" aria-label="Words" onKeyDown={onKeyDown} sx={{ overflowY: "auto", height: lines.length === 0 ? 0 : { xs: "60vh", lg: 340 } }}>
        <Box sx={{ position: "relative" }} style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((row) => {
            const line = lines[row.index];
            if (line === undefined) return null;
            return (
              <Box
                key={row.key}
                ref={virtual.measureElement}
                data-index={row.index}
                sx={{ position: "absolute", insetInline: 0, top: 0 }}
                style={{ transform: `translateY(${row.start}px)` }}
              >
                <TranscriptLine words={words} line={line} current={row.index === current} wanted={wanted} marked={markOf(span, line)} hard={isHard(line, hard)} doubts={doubts} />
              </Box>
            );
          })}
        </Box>
      </Box>
    </Card>
  );
});

const SearchField = styled("div")({
  display: "flex",
  alignItems: "center",
  gap: 6,
  width: 260,
  height: 38,
  padding: "0 10px",
  border: "1px solid color-mix(in srgb, var(--mui-palette-text-primary) 45%, transparent)",
  borderRadius: 10,
  color: "var(--mui-palette-text-secondary)",
  "&:focus-within": { borderColor: "var(--mui-palette-primary-main)" },
  "& input": { flex: 1, minWidth: 0, font: "inherit", fontSize: 15, color: "var(--mui-palette-text-primary)", background: "none", border: 0, height: "100%" },
  "& input::placeholder": { color: "var(--mui-palette-text-secondary)", opacity: 1 },
});

function whyEmpty(transcript: TranscriptOut | null): string {
  if (transcript === null) return "The speech has not been transcribed yet.";
  return transcript.not_understood.length > 0
    ? "Somebody speaks, but the words were not understood. Search again and enter the spoken language."
    : "Nobody speaks in this recording.";
}

/** Returns the part of the mark in the line, as text: equal marks cause no re-render. */
function markOf(span: { first: number; last: number } | null, line: { first: number; last: number }): string {
  if (span === null || span.last < line.first || span.first > line.last) return "";
  return `${Math.max(span.first, line.first)} ${Math.min(span.last, line.last)}`;
}

function isHard(line: { start: number; end: number }, stretches: readonly { start: number; end: number }[]): boolean {
  return stretches.some((stretch) => stretch.start < line.end && stretch.end > line.start);
}

function textOf(words: readonly Word[], line: { first: number; last: number }): string {
  return runningText(words, line.first, line.last).toLowerCase();
}

/** Returns the line that holds a word. */
function lineOf(lines: readonly { first: number }[], word: number): number {
  let [low, high] = [0, lines.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((lines[middle]?.first ?? 0) <= word) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

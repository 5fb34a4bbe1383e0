import { Alert, Box, Button, TextField } from "@mui/material";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { ApiError } from "@/api/client";
import type { CorrectWord, TranscriptOut, Word } from "@/api/types";
import { MergeDialog } from "@/components/MergeDialog";
import { useNotify, useNotifyError } from "@/hooks/useNotify";
import type { Difference, Side } from "@/lib/merging";
import { formatTime } from "@/lib/time";
import { transcript, useCorrectWords } from "../api/media";
import { useEditor } from "../editor/editor";
import { corrections, runningText, unitCount, written } from "./said";
import type { Line } from "./selection";
import { chosenWords, wordDifferences } from "./wordMerging";

interface Props {
  words: readonly Word[];
  line: Line;
  onDone: () => void;
}

/** My corrections, beside a transcript that another user has corrected since. */
interface Asked {
  theirs: TranscriptOut;
  mine: CorrectWord[];
  found: Difference[];
}

/** Edits a line. Words are replaced one for one, so that each keeps its time. */
export function LineEditor({ words: now, line: place, onDone }: Props) {
  const { videoId } = useEditor();
  const client = useQueryClient();
  // What the user began with, whatever arrives meanwhile: corrections are based on it.
  const [{ words, line, etag }] = useState(() => ({ words: now, line: place, etag: client.getQueryData(transcript(videoId).queryKey)?.etag ?? "" }));
  const before = written(words, line.first, line.last);
  const [text, setText] = useState(runningText(words, line.first, line.last));
  const [asked, setAsked] = useState<Asked | null>(null);
  const [anew, setAnew] = useState(false);
  const correct = useCorrectWords(videoId);
  const notify = useNotify();
  const notifyError = useNotifyError();
  const found = corrections(before, text);
  const fits = found !== null;

  const send = (changes: CorrectWord[], tag: string, mine: CorrectWord[], onSuccess: () => void) => {
    const onError = (error: ApiError) => (error.stale ? merge(error.current as TranscriptOut, mine) : notifyError(error));
    correct.mutate({ words: changes, etag: tag }, { onError, onSuccess });
  };
  /** Corrections of different words are both saved; for the same word, the user chooses. */
  const merge = (theirs: TranscriptOut, mine: CorrectWord[]) => {
    const differing = wordDifferences(words, theirs.word_timestamps, mine);
    if (differing === null) setAnew(true);
    else if (differing.some((one) => one.preferred === null)) setAsked({ theirs, mine, found: differing });
    else over(theirs, mine, differing, {});
  };
  const over = (theirs: TranscriptOut, mine: CorrectWord[], differing: Difference[], chosen: Readonly<Record<string, Side>>) => {
    const done = () => {
      notify({ message: "Saved, together with corrections that somebody else made in the meantime.", severity: "info" });
      onDone();
    };
    const changes = chosenWords(theirs.word_timestamps, mine, differing, chosen);
    if (changes.length > 0) send(changes, theirs.etag, mine, done);
    else {
      client.setQueryData(transcript(videoId).queryKey, theirs);
      onDone();
    }
  };
  const save = () => {
    const changes = [...(found ?? [])].map(([index, word]) => ({ index, was: words[index]?.word ?? "", word }));
    if (changes.length === 0) onDone();
    else send(changes, etag, changes, onDone);
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
        helperText={
          fits
            ? "Correct the words one for one, so that each keeps its time."
            : `This line had ${unitCount(before)} words and now has ${text.trim().split(/\s+/).length}. Keep the number: join two words with a hyphen, or write two in place of one with a hyphen.`
        }
      />
      {anew && (
        <Alert severity="warning" sx={{ my: 1 }}>
          This recording was transcribed again in the meantime. Your text is still here: copy it, then correct the new words.
        </Alert>
      )}
      <Button size="small" onClick={save} disabled={!fits || correct.isPending}>
        Save
      </Button>
      <Button size="small" color="inherit" onClick={onDone}>
        Cancel
      </Button>
      {asked !== null && (
        <MergeDialog
          what="these words"
          differences={asked.found}
          busy={correct.isPending}
          onSave={(chosen) => {
            setAsked(null);
            over(asked.theirs, asked.mine, asked.found, chosen);
          }}
          onLater={() => setAsked(null)}
        />
      )}
    </Box>
  );
}

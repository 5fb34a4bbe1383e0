import { Alert } from "@mui/material";
import type { SourceOut } from "@/api/types";
import { sentence } from "@/lib/sentence";

/**
 * Shows which parts of the file are used where there was a choice, and which can't be, with reasons. Shows nothing where all of it is used.
 */
export function SourceRemarks({ from }: { from: SourceOut | undefined }) {
  if (from === undefined || from.remarks.length === 0) return null;
  const used = from.audio_tracks.find((track) => track.number === from.audio_track);
  // Browsers play the default track of the file, and offer no choice.
  const played = from.audio_tracks.length > 1 && used?.default === false;
  return (
    <Alert severity="info" variant="outlined">
      {from.remarks.map((remark) => (
        <div key={remark}>{sentence(remark)}</div>
      ))}
      {played && <div>The player may play another track. Transcript, waveform and clips use the track named above.</div>}
    </Alert>
  );
}

import { Box, Button, Popover, Typography } from "@mui/material";
import type { MomentOut } from "@/api/types";
import { formatTime } from "@/lib/time";
import { usePlayer } from "../player/player";
import { originOf } from "./origin";
import { ratingOf } from "./rating";

interface Props {
  anchor: HTMLElement;
  moment: MomentOut;
  /** Whether its score distinguishes it from others. */
  rated: boolean;
  onClose: () => void;
}

/** Says where a moment comes from: who found it and why, what was measured, and what is wrong with it. */
export function About({ anchor, moment, rated, onClose }: Props) {
  const player = usePlayer();
  const { parent, score } = moment;
  const { who, why, details } = originOf(moment);
  return (
    <Popover
      open
      anchorEl={anchor}
      onClose={onClose}
      transitionDuration={120}
      anchorOrigin={{ vertical: "bottom", horizontal: "right" }}
      transformOrigin={{ vertical: "top", horizontal: "right" }}
      slotProps={{ paper: { role: "dialog", "aria-label": `How “${moment.title}” was found`, sx: { maxWidth: 360 } } }}
    >
      <Box tabIndex={0} sx={{ display: "grid", gap: 1, p: 2, overflowWrap: "anywhere" }}>
        <Typography variant="h3" component="p">
          {who}
        </Typography>
        {why !== null && <Typography variant="body2">{why}</Typography>}
        {rated && score !== null && (
          <Typography variant="body2">{`${ratingOf(score) ?? ""}: a score of ${Math.round(score * 100)} of 100 among the moments of this recording.`}</Typography>
        )}
        {moment.clip_error !== null && <Typography variant="body2">No clip: {moment.clip_error}</Typography>}
        {moment.hard_to_hear && (
          <Typography variant="body2">
            Hard to hear: one word of three or more is likely wrong{moment.confidence === null ? "" : ` (confidence ${moment.confidence.toFixed(2)})`}.
          </Typography>
        )}
        {parent !== null && (
          <Typography variant="body2" component="div">
            Before refinement:{" "}
            <Button size="small" sx={{ minHeight: 28, px: 0.5, fontVariantNumeric: "tabular-nums" }} onClick={() => player.playRange(parent.start_time, parent.end_time)}>
              {formatTime(parent.start_time)} – {formatTime(parent.end_time)}
            </Button>
          </Typography>
        )}
        {details !== null && (
          <Typography variant="caption" color="text.secondary">
            {details}
          </Typography>
        )}
      </Box>
    </Popover>
  );
}

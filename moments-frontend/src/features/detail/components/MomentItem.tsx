import { Box, IconButton, InputBase, Link, Stack, ToggleButton, ToggleButtonGroup, Tooltip, Typography } from "@mui/material";
import { Check, Combine, Download, Play, Repeat, Split, Trash2, X } from "lucide-react";
import { memo, useState } from "react";
import type { MomentOut } from "@/api/types";
import { formatDuration, formatTime } from "@/lib/time";
import { regionColours } from "@/theme/tokens";
import { usePlayer } from "../hooks/player";
import type { Editor } from "../hooks/useEditor";
import { TimeField } from "./TimeField";

interface Props {
  moment: MomentOut;
  next: MomentOut | null;
  colour: number;
  selected: boolean;
  onSelect: (id: string) => void;
  editor: Editor;
}

/** One moment: what it is, why it was chosen and by what, its bounds, and what can be done to it. */
export const MomentItem = memo(function MomentItem({ moment, next, colour, selected, onSelect, editor }: Props) {
  const player = usePlayer();
  const play = (loop: boolean) => {
    onSelect(moment.identifier);
    player.playRange(moment.start_time, moment.end_time, loop);
  };
  return (
    <Box
      role="group"
      aria-label={moment.title}
      aria-current={selected || undefined}
      onFocus={() => onSelect(moment.identifier)}
      sx={{
        px: 2,
        py: 1.5,
        borderBottom: 1,
        borderColor: "divider",
        borderLeft: "4px solid",
        borderLeftColor: regionColours[colour % regionColours.length],
        bgcolor: selected ? "action.selected" : "transparent",
        opacity: moment.review === "rejected" ? 0.55 : 1,
      }}
    >
      <Stack direction="row" sx={{ alignItems: "center", gap: 1 }}>
        <Tooltip title="Play it (Enter)">
          <IconButton size="small" color="primary" aria-label={`Play ${moment.title}`} onClick={() => play(false)}>
            <Play size={18} aria-hidden />
          </IconButton>
        </Tooltip>
        <TitleField moment={moment} editor={editor} />
        {moment.score !== null && (
          <Tooltip title="How sure the model is, of 100">
            <Typography variant="caption" sx={{ fontWeight: 700, fontVariantNumeric: "tabular-nums" }}>
              {Math.round(moment.score * 100)}
            </Typography>
          </Tooltip>
        )}
        <ToggleButtonGroup
          exclusive
          size="small"
          value={moment.review}
          aria-label="Judgement"
          onChange={(_, value: MomentOut["review"] | null) => editor.edit(moment, { review: value ?? "new" }, "Judgement")}
          sx={{ "& .MuiToggleButton-root": { p: 0.5 } }}
        >
          <ToggleButton value="kept" aria-label="Keep" color="success">
            <Check size={15} aria-hidden />
          </ToggleButton>
          <ToggleButton value="rejected" aria-label="Reject" color="error">
            <X size={15} aria-hidden />
          </ToggleButton>
        </ToggleButtonGroup>
      </Stack>
      <Stack direction="row" sx={{ alignItems: "center", gap: 1, mt: 1, flexWrap: "wrap" }}>
        <TimeField label="Start" value={moment.start_time} onChange={(value) => editor.move(moment, value, moment.end_time, true)} />
        <TimeField label="End" value={moment.end_time} onChange={(value) => editor.move(moment, moment.start_time, value, true)} />
        <Typography variant="caption" color="text.secondary">
          {formatDuration(moment.end_time - moment.start_time)}
        </Typography>
        <Stack direction="row" sx={{ ml: "auto" }}>
          <Action label="Play again and again" icon={Repeat} onClick={() => play(true)} />
          <Action label="Split at the playhead" icon={Split} onClick={() => editor.split(moment, player.time.get())} />
          <Action label="Merge with the next" icon={Combine} disabled={next === null} onClick={() => next && editor.merge(moment, next)} />
          {moment.clip !== null && (
            <Tooltip title="Download the clip">
              <IconButton size="small" component="a" href={moment.clip.download_url} aria-label={`Download the clip of ${moment.title}`}>
                <Download size={16} aria-hidden />
              </IconButton>
            </Tooltip>
          )}
          <Action label="Delete" icon={Trash2} onClick={() => editor.remove(moment)} />
        </Stack>
      </Stack>
      <Origin moment={moment} />
    </Box>
  );
});

function Action({ label, icon: Icon, onClick, disabled = false }: { label: string; icon: typeof Play; onClick: () => void; disabled?: boolean }) {
  return (
    <Tooltip title={label}>
      <span>
        <IconButton size="small" aria-label={label} disabled={disabled} onClick={onClick}>
          <Icon size={16} aria-hidden />
        </IconButton>
      </span>
    </Tooltip>
  );
}

function TitleField({ moment, editor }: { moment: MomentOut; editor: Editor }) {
  const [draft, setDraft] = useState<string | null>(null);
  const finish = () => {
    const title = draft?.trim() ?? "";
    if (title !== "" && title !== moment.title) editor.edit(moment, { title }, "Title");
    setDraft(null);
  };
  return (
    <InputBase
      fullWidth
      value={draft ?? moment.title}
      onChange={(event) => setDraft(event.target.value)}
      onBlur={finish}
      onKeyDown={(event) => {
        if (event.key === "Enter") (event.target as HTMLElement).blur();
        if (event.key === "Escape") setDraft(null);
      }}
      inputProps={{ "aria-label": "Title", maxLength: 300 }}
      sx={{ fontWeight: 600, fontSize: 15, px: 0.75, borderRadius: 1, "&:hover": { bgcolor: "action.hover" }, "&.Mui-focused": { bgcolor: "action.hover" } }}
    />
  );
}

/** Who made it and why; where a model refined it, the bounds that came before. */
function Origin({ moment }: { moment: MomentOut }) {
  const player = usePlayer();
  const { parent } = moment;
  return (
    <Typography variant="caption" color="text.secondary" component="div" sx={{ mt: 1, lineHeight: 1.5 }}>
      {moment.engine ?? "Made by hand"}
      {moment.edited_at !== null && moment.engine !== null ? ", edited" : ""}
      {moment.reason === null ? "" : `: ${moment.reason}`}
      {parent !== null && (
        <Box>
          Before refinement:{" "}
          <Link component="button" variant="caption" onClick={() => player.playRange(parent.start_time, parent.end_time)}>
            {formatTime(parent.start_time)} – {formatTime(parent.end_time)}
          </Link>
        </Box>
      )}
    </Typography>
  );
}

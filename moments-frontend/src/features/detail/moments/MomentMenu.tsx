import { Divider, ListItemIcon, ListItemText, Menu, MenuItem, Typography } from "@mui/material";
import { ArrowLeftToLine, ArrowRightToLine, Combine, Download, type LucideIcon, Play, Repeat, Split, Trash2, WandSparkles } from "lucide-react";
import { useMay } from "@/api/me";
import type { MomentOut } from "@/api/types";
import { useEditor } from "../editor/editor";
import { usePlayer } from "../player/player";

interface Props {
  anchor: HTMLElement;
  moment: MomentOut;
  /** The moment after it in time. */
  next: MomentOut | null;
  /** Whether a run of the video is active. */
  busy: boolean;
  onClose: () => void;
}

interface Entry {
  label: string;
  icon: LucideIcon;
  keys?: string;
  /** Why it can't be done now. */
  refused?: string | null;
  act: () => void;
}

/** The actions on a moment that its card has no button for, with their keys. */
export function MomentMenu({ anchor, moment, next, busy, onClose }: Props) {
  const editor = useEditor();
  const player = usePlayer();
  const writes = useMay("write");
  const play = (loop: boolean) => {
    editor.select(moment.identifier);
    player.playRange(moment.start_time, moment.end_time, loop);
  };
  const looks: Entry[] = [
    { label: "Play it", icon: Play, keys: "Enter", act: () => play(false) },
    { label: "Play again and again", icon: Repeat, act: () => play(true) },
  ];
  const changes: Entry[] = [
    { label: "Start at the playhead", icon: ArrowLeftToLine, keys: "I", act: () => editor.move(moment, player.time.get(), moment.end_time, false) },
    { label: "End at the playhead", icon: ArrowRightToLine, keys: "O", act: () => editor.move(moment, moment.start_time, player.time.get(), false) },
    { label: "Split at the playhead", icon: Split, keys: "S", act: () => editor.split(moment, player.time.get()) },
    { label: "Merge with the next", icon: Combine, refused: next === null ? "It is the last." : null, act: () => next && editor.merge(moment, next) },
    { label: "Refine its boundaries again", icon: WandSparkles, refused: whyNotRefined(moment, busy), act: () => editor.refine(moment) },
  ];
  const entryOf = ({ label, icon: Icon, keys, refused = null, act }: Entry) => (
    <MenuItem
      key={label}
      disabled={refused !== null}
      aria-keyshortcuts={keys}
      onClick={() => {
        onClose();
        act();
      }}
    >
      <ListItemIcon>
        <Icon size={16} aria-hidden />
      </ListItemIcon>
      <ListItemText primary={label} secondary={refused} />
      {keys !== undefined && (
        <Typography component="kbd" variant="caption" color="text.secondary" sx={{ ml: 3, fontFamily: "inherit" }} aria-hidden>
          {keys}
        </Typography>
      )}
    </MenuItem>
  );
  return (
    <Menu anchorEl={anchor} open onClose={onClose} transitionDuration={120} slotProps={{ list: { dense: true, "aria-label": `More for ${moment.title}` } }}>
      {looks.map(entryOf)}
      {writes && [<Divider key="line" />, ...changes.map(entryOf)]}
      {moment.clip !== null && (
        <MenuItem component="a" href={moment.clip.download_url} onClick={onClose}>
          <ListItemIcon>
            <Download size={16} aria-hidden />
          </ListItemIcon>
          <ListItemText>Download the clip</ListItemText>
        </MenuItem>
      )}
      {writes && [<Divider key="end" />, entryOf({ label: "Delete", icon: Trash2, keys: "Delete", act: () => editor.remove(moment) })]}
    </Menu>
  );
}

function whyNotRefined(moment: MomentOut, busy: boolean): string | null {
  if (moment.engine === null || moment.edited_at !== null) return "It is yours: no model moves it.";
  return busy ? "A run is at work: refine it after that." : null;
}

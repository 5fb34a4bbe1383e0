import { Button, Stack } from "@mui/material";
import { X } from "lucide-react";
import { useSyncExternalStore } from "react";
import { formatTime } from "@/lib/time";
import { useEditor } from "../editor/editor";
import { Control } from "../player/Control";
import { TARGET } from "../player/controlStyles";
import { NEITHER, usePlayer } from "../player/player";
import { makeMoment, withIn, withOut } from "./newMoment";

/** Sets in and out at the playhead, and makes a moment from them. Needs no words, no moments and no run. */
export function NewMomentBar() {
  const editor = useEditor();
  const player = usePlayer();
  const { inOut, time } = player;
  const marks = useSyncExternalStore(inOut.subscribe, inOut.get);
  const named = (name: string, at: number | null) => (at === null ? name : `${name} ${formatTime(at)}`);
  return (
    <Stack
      direction="row"
      role="group"
      aria-label="New moment"
      sx={{ alignItems: "center", flexWrap: "wrap", gap: 0.5, "& .MuiButton-root": { ...TARGET, px: 1.25, fontVariantNumeric: "tabular-nums" } }}
    >
      <Button size="small" variant="outlined" color="inherit" title="In at the playhead (Shift+I)" onClick={() => inOut.set((now) => withIn(now, time.get()))}>
        {named("In", marks.in)}
      </Button>
      <Button size="small" variant="outlined" color="inherit" title="Out at the playhead (Shift+O)" onClick={() => inOut.set((now) => withOut(now, time.get()))}>
        {named("Out", marks.out)}
      </Button>
      {(marks.in !== null || marks.out !== null) && <Control label="Clear in and out" keys="Esc" icon={X} size={16} onClick={() => inOut.set(() => NEITHER)} />}
      <Button size="small" variant="contained" title="From in to out, or 30 s around the playhead (+)" onClick={() => makeMoment(editor, player)}>
        + Moment
      </Button>
    </Stack>
  );
}

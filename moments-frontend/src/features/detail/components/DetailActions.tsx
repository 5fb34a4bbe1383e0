import { Button, Dialog, DialogActions, DialogContent, DialogTitle, Divider, ListItemText, Menu, MenuItem } from "@mui/material";
import { Download, Sparkles, Trash2 } from "lucide-react";
import { useState } from "react";
import { useNavigate } from "react-router";
import { request } from "@/api/client";
import type { MomentOut, VideoOut } from "@/api/types";
import { useDeleteVideos, useRestoreVideos } from "@/api/videos";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { NO_OPTIONS, optionsProblem, RunOptionsFields, toOptions } from "@/components/RunOptionsFields";
import { useNotify, useNotifyError } from "@/hooks/useNotify";
import { useGenerateAgain } from "../api/moments";

const FORMATS: readonly [string, string, string][] = [
  ["zip", "Clips with captions", "zip"],
  ["chapters", "YouTube chapters", "txt"],
  ["srt", "Subtitles (SRT)", "srt"],
  ["vtt", "Subtitles (VTT)", "vtt"],
  ["edl", "Edit list (EDL, CMX 3600)", "edl"],
  ["fcpxml", "Final Cut Pro (FCPXML)", "fcpxml"],
  ["otio", "OpenTimelineIO", "otio"],
  ["csv", "Table (CSV)", "csv"],
  ["json", "Everything (JSON)", "json"],
];

/** What can be done with the whole video: export, look again, delete. */
export function DetailActions({ video, moments, busy }: { video: VideoOut; moments: readonly MomentOut[]; busy: boolean }) {
  const [menu, setMenu] = useState<HTMLElement | null>(null);
  const [asking, setAsking] = useState(false);
  const [again, setAgain] = useState(false);
  const [form, setForm] = useState(NO_OPTIONS);
  const notify = useNotify();
  const onError = useNotifyError();
  const navigate = useNavigate();
  const remove = useDeleteVideos();
  const restore = useRestoreVideos();
  const generate = useGenerateAgain(video.identifier);

  const save = async (format: string, ending: string) => {
    setMenu(null);
    try {
      const data = await request<Blob>({ url: `api/videos/${video.identifier}/export`, params: { format }, responseType: "blob", timeout: 0 });
      const link = document.createElement("a");
      link.href = URL.createObjectURL(data);
      link.download = `${video.title}.${ending}`;
      link.click();
      window.setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    } catch (error) {
      onError(error);
    }
  };

  return (
    <>
      <Button variant="outlined" startIcon={<Sparkles size={16} aria-hidden />} disabled={busy} onClick={() => setAgain(true)}>
        Look again
      </Button>
      <Button variant="contained" startIcon={<Download size={16} aria-hidden />} aria-haspopup="menu" disabled={moments.length === 0} onClick={(event) => setMenu(event.currentTarget)}>
        Export
      </Button>
      <Button variant="outlined" color="inherit" aria-label="Delete the video" onClick={() => setAsking(true)} sx={{ minWidth: 40 }}>
        <Trash2 size={16} aria-hidden />
      </Button>
      <Menu anchorEl={menu} open={menu !== null} onClose={() => setMenu(null)}>
        {FORMATS.flatMap(([format, label, ending], index) => [
          <MenuItem key={format} onClick={() => void save(format, ending)}>
            <ListItemText>{label}</ListItemText>
          </MenuItem>,
          ...(index === 0 ? [<Divider key="line" />] : []),
        ])}
      </Menu>
      <Dialog open={again} onClose={() => setAgain(false)} maxWidth="md" aria-labelledby="again-title">
        <DialogTitle id="again-title">Look for moments again</DialogTitle>
        <DialogContent sx={{ pt: "8px !important" }}>
          <RunOptionsFields form={form} onChange={setForm} />
        </DialogContent>
        <DialogActions>
          <Button color="inherit" onClick={() => setAgain(false)}>
            Close
          </Button>
          <Button
            variant="contained"
            disabled={generate.isPending || optionsProblem(form) !== null}
            onClick={() =>
              generate.mutate(toOptions(form), {
                onError,
                onSuccess: () => {
                  setAgain(false);
                  notify({ message: "Looking again. What you made or edited stays." });
                },
              })
            }
          >
            Look again
          </Button>
        </DialogActions>
      </Dialog>
      <ConfirmDialog
        open={asking}
        title="Delete this video?"
        confirm="Delete"
        busy={remove.isPending}
        onClose={() => setAsking(false)}
        onConfirm={() =>
          remove.mutate([video.identifier], {
            onError,
            onSuccess: () => {
              notify({
                message: "Video deleted. It can be brought back for 10 minutes.",
                action: { label: "Undo", run: () => restore.mutate([video.identifier], { onError }) },
              });
              void navigate("/library");
            },
          })
        }
      >
        With its transcript, moments and clips; what runs on it is cancelled. You can undo it for 10 minutes.
      </ConfirmDialog>
    </>
  );
}

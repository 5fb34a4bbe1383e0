import { Button } from "@mui/material";
import { Download, Sparkles, Trash2 } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useNavigate } from "react-router";
import { requestFile } from "@/api/client";
import type { MomentOut, VideoOut } from "@/api/types";
import { useDeleteVideos, useRestoreVideos } from "@/api/videos";
import { Allowed } from "@/components/Allowed";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { useNotify, useNotifyError } from "@/hooks/useNotify";

const ExportMenu = lazy(async () => ({ default: (await import("./ExportMenu")).ExportMenu }));
const AgainDialog = lazy(async () => ({ default: (await import("./AgainDialog")).AgainDialog }));

/** The actions on the whole video: export, search again, delete. */
export function DetailActions({ video, moments, busy }: { video: VideoOut; moments: readonly MomentOut[]; busy: boolean }) {
  const [menu, setMenu] = useState<HTMLElement | null>(null);
  const [asking, setAsking] = useState(false);
  const [again, setAgain] = useState(false);
  const notify = useNotify();
  const onError = useNotifyError();
  const navigate = useNavigate();
  const remove = useDeleteVideos();
  const restore = useRestoreVideos();

  const save = async (format: string, ending: string) => {
    setMenu(null);
    try {
      const { data, name, notes } = await requestFile({ url: `api/videos/${video.identifier}/export`, params: { format } });
      const link = document.createElement("a");
      link.href = URL.createObjectURL(data);
      link.download = name ?? `video.${ending}`;
      link.click();
      window.setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
      if (notes.length > 0) notify({ message: notes.join(" "), severity: "info" });
    } catch (error) {
      onError(error);
    }
  };

  return (
    <>
      <Allowed>
        <Button variant="outlined" startIcon={<Sparkles size={16} aria-hidden />} disabled={busy} onClick={() => setAgain(true)}>
          Search again
        </Button>
      </Allowed>
      <Button
        variant="contained"
        startIcon={<Download size={16} aria-hidden />}
        aria-haspopup="menu"
        disabled={moments.length === 0}
        onClick={(event) => setMenu(event.currentTarget)}
      >
        Export
      </Button>
      <Allowed>
        <Button variant="outlined" color="inherit" aria-label="Delete the video" onClick={() => setAsking(true)} sx={{ minWidth: 40 }}>
          <Trash2 size={16} aria-hidden />
        </Button>
      </Allowed>
      <Suspense fallback={null}>{menu !== null && <ExportMenu anchor={menu} onClose={() => setMenu(null)} onChoose={(format, ending) => void save(format, ending)} />}</Suspense>
      <Suspense fallback={null}>{again && <AgainDialog videoId={video.identifier} onClose={() => setAgain(false)} />}</Suspense>
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
                message: "Video deleted. You can restore it for 10 minutes.",
                action: { label: "Undo", run: () => restore.mutate([video.identifier], { onError }) },
              });
              void navigate("/library");
            },
          })
        }
      >
        Its transcript, moments and clips are deleted too, and a run in progress is cancelled. You can undo this for 10 minutes.
      </ConfirmDialog>
    </>
  );
}

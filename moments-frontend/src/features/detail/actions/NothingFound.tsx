import { Button, Stack } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { Cpu, MessageSquareText, Plus, SearchX, Star } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useMay } from "@/api/me";
import type { NothingOut } from "@/api/types";
import { video } from "@/api/videos";
import { EmptyState } from "@/components/EmptyState";
import type { Focus } from "@/components/RunOptionsFields";
import { useEditor } from "../editor/editor";
import { usePlayer } from "../player/player";

const AgainDialog = lazy(async () => ({ default: (await import("./AgainDialog")).AgainDialog }));

/** Seconds. As long as a moment that is made by hand is at first; its edges are then moved. */
const BY_HAND = 30;

interface Props {
  /** Why there are no moments, once a run has ended. */
  nothing: NothingOut | null;
  /** Whether a run of the video is active. */
  busy: boolean;
}

/** Shown in place of the moments where there are none: says why, and offers another prompt, another model, or a moment made by hand. */
export function NothingFound({ nothing, busy }: Props) {
  const { videoId, create } = useEditor();
  const player = usePlayer();
  const writes = useMay("write");
  const duration = useQuery(video(videoId)).data?.duration ?? 0;
  const [again, setAgain] = useState<Focus | null>(null);
  const byHand = () => {
    const start = Math.max(0, Math.min(player.time.get(), duration - BY_HAND));
    create("New moment", start, Math.min(duration, start + BY_HAND));
  };
  const found = nothing?.code === "nothing_found";
  return (
    <>
      <EmptyState
        icon={found ? SearchX : Star}
        title={found ? "No moments found" : nothing ? "No moments" : "No moments yet"}
        action={
          writes && (
            <Stack spacing={1} role="group" aria-label="What you can do" sx={{ mt: 1, width: 1, maxWidth: 280 }}>
              {nothing !== null && (
                <>
                  <Button variant="contained" startIcon={<MessageSquareText size={16} aria-hidden />} disabled={busy} onClick={() => setAgain("prompt")}>
                    Search for something else
                  </Button>
                  <Button variant="outlined" startIcon={<Cpu size={16} aria-hidden />} disabled={busy} onClick={() => setAgain("generation_model")}>
                    Try another model
                  </Button>
                </>
              )}
              {duration > 0 && (
                <Button variant="outlined" color="inherit" startIcon={<Plus size={16} aria-hidden />} onClick={byHand}>
                  Make a moment by hand
                </Button>
              )}
            </Stack>
          )
        }
      >
        {nothing?.message ?? (busy ? "They appear here as soon as the search is done." : "A search finds them.")}
        {writes && duration > 0 && " A moment made by hand starts at the playhead."}
      </EmptyState>
      <Suspense fallback={null}>{again !== null && <AgainDialog videoId={videoId} focus={again} onClose={() => setAgain(null)} />}</Suspense>
    </>
  );
}

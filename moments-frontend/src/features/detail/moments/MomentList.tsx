import { Alert, Box, Button, Card, Skeleton, Stack, Typography } from "@mui/material";
import { useVirtualizer } from "@tanstack/react-virtual";
import { Scissors } from "lucide-react";
import { memo, useEffect, useRef } from "react";
import { useMay } from "@/api/me";
import type { MomentOut, NothingOut } from "@/api/types";
import { useNotify, useNotifyError } from "@/hooks/useNotify";
import { NothingFound } from "../actions/NothingFound";
import { useCutClips } from "../api/moments";
import { useEditor, useSelected } from "../editor/editor";
import { MomentItem } from "./MomentItem";

interface Props {
  moments: readonly MomentOut[];
  loading: boolean;
  /** Whether a run of the video is active. */
  busy: boolean;
  /** Why there are no moments, once a run has ended. */
  nothing: NothingOut | null;
}

/** Lists the moments in time order. Only visible ones are rendered, so that hundreds scroll as well as five. */
export const MomentList = memo(function MomentList({ moments, loading, busy, nothing }: Props) {
  const { videoId } = useEditor();
  const selected = useSelected();
  const pane = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: moments.length,
    getScrollElement: () => pane.current,
    estimateSize: () => 168,
    getItemKey: (index) => moments[index]?.identifier ?? index,
    overscan: 4,
  });
  const cut = useCutClips(videoId);
  const notify = useNotify();
  const onError = useNotifyError();
  const writes = useMay("write");
  const missing = moments.filter((moment) => moment.clip === null && moment.review !== "rejected").length;
  const index = moments.findIndex((moment) => moment.identifier === selected);
  useEffect(() => {
    if (index >= 0) virtual.scrollToIndex(index, { align: "auto" });
  }, [index, virtual]);

  if (loading) return <Skeleton variant="rounded" height={480} role="status" aria-label="Loading the moments" />;
  return (
    <Card component="section" aria-label="Moments" sx={{ display: "flex", flexDirection: "column", position: { lg: "sticky" }, top: 16, maxHeight: { lg: "calc(100vh - 32px)" } }}>
      <Stack direction="row" sx={{ alignItems: "center", px: 2, py: 1.25, borderBottom: 1, borderColor: "divider", gap: 1 }}>
        <Typography variant="h2" sx={{ flex: 1 }}>
          Moments
        </Typography>
        <Typography variant="caption" color="text.secondary">
          {moments.length}
        </Typography>
      </Stack>
      {missing > 0 && (
        <Alert
          severity="info"
          icon={<Scissors size={18} aria-hidden />}
          square
          action={
            writes && (
              <Button
                color="inherit"
                size="small"
                disabled={cut.isPending}
                onClick={() => cut.mutate(undefined, { onError, onSuccess: () => notify({ message: "Cutting; it takes a few seconds a clip." }) })}
              >
                Cut
              </Button>
            )
          }
        >
          {missing === 1 ? "One moment has no clip with its bounds yet." : `${missing} moments have no clip with their bounds yet.`}
        </Alert>
      )}
      {moments.length === 0 && <NothingFound nothing={nothing} busy={busy} />}
      <Box ref={pane} tabIndex={0} aria-label="List of moments" role="group" sx={{ overflowY: "auto", flex: 1, minHeight: 0, maxHeight: { xs: "70vh", lg: "none" } }}>
        <Box component="ul" aria-label="Moments in time order" sx={{ position: "relative", m: 0, p: 0, listStyle: "none" }} style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((row) => {
            const moment = moments[row.index];
            if (moment === undefined) return null;
            return (
              <Box
                component="li"
                key={row.key}
                ref={virtual.measureElement}
                data-index={row.index}
                data-moment={moment.identifier}
                sx={{ position: "absolute", insetInline: 0, top: 0 }}
                style={{ transform: `translateY(${row.start}px)` }}
              >
                <MomentItem moment={moment} next={moments[row.index + 1] ?? null} colour={row.index} selected={moment.identifier === selected} busy={busy} />
              </Box>
            );
          })}
        </Box>
      </Box>
    </Card>
  );
});

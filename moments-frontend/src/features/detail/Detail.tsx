import { Box, Skeleton, Tab, Tabs, useMediaQuery } from "@mui/material";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { useParams } from "react-router";
import { changedByRuns } from "@/api/queryKeys";
import { runStatus } from "@/api/runs";
import { video as videoQuery } from "@/api/videos";
import { ErrorState } from "@/components/ErrorState";
import { Page } from "@/components/Page";
import { RunCard } from "@/components/RunCard";
import { UnrefinedNote } from "@/components/UnrefinedNote";
import { isActive } from "@/hooks/polling";
import { useTitle } from "@/hooks/useTitle";
import { DetailActions } from "./actions/DetailActions";
import { source, transcript } from "./api/media";
import { moments as momentsQuery } from "./api/moments";
import { Conflicts } from "./editor/Conflicts";
import { EditorProvider } from "./editor/EditorProvider";
import { Shortcuts } from "./editor/Shortcuts";
import { useCuts } from "./editor/useMaterial";
import { MomentList } from "./moments/MomentList";
import { PlayerProvider, useLength, usePictures } from "./player/player";
import { isHeardOnly } from "./player/heard";
import { VideoPlayer } from "./player/VideoPlayer";
import { Origin } from "./source/Origin";
import { SourceRemarks } from "./source/SourceRemarks";
import { Timeline } from "./timeline/Timeline";
import { Transcript } from "./transcript/Transcript";

/** The page of one video: the recording, its moments, its transcript, and all actions on them. */
export function Detail() {
  const { videoId = "" } = useParams();
  return (
    <PlayerProvider key={videoId}>
      <EditorProvider videoId={videoId}>
        <VideoDetail videoId={videoId} />
      </EditorProvider>
    </PlayerProvider>
  );
}

function VideoDetail({ videoId }: { videoId: string }) {
  const client = useQueryClient();
  const video = useQuery(videoQuery(videoId));
  const run = useQuery({ ...runStatus(videoId), enabled: video.data?.request_id != null });
  const found = useQuery(momentsQuery(videoId));
  const said = useQuery(transcript(videoId));
  const cuts = useCuts(videoId);
  const wide = useMediaQuery((theme) => theme.breakpoints.up("lg"));
  const [tab, setTab] = useState<"moments" | "transcript">("moments");
  useTitle(video.data?.title ?? "Video");

  // A run that ends while the user watches changes everything that is shown here.
  const status = run.data?.status;
  const request = run.data?.request_id;
  const seen = useRef<{ request: string | undefined; active: boolean } | null>(null);
  useEffect(() => {
    if (status === undefined) return;
    const [before, active] = [seen.current, isActive(status)];
    seen.current = { request, active };
    if (active || before === null || (before.request === request && !before.active)) return;
    for (const queryKey of changedByRuns) void client.invalidateQueries({ queryKey });
  }, [status, request, client]);

  // A recording that can be played can be marked, before a run has measured it too.
  const measured = useLength();
  const pictures = usePictures();
  const duration = video.data?.duration ?? measured;
  const from = useQuery({ ...source(videoId), enabled: found.isSuccess }).data;
  const list = useMemo(() => found.data ?? [], [found.data]);

  if (video.error) return <Page title="Video">{<ErrorState error={video.error} onRetry={() => void video.refetch()} />}</Page>;
  if (video.data === undefined)
    return (
      <Page wide title=" ">
        {<Skeleton variant="rounded" height={420} role="status" aria-label="Loading the video" />}
      </Page>
    );
  const active = status !== undefined && isActive(status);
  const showRun = active || status === "failed" || status === "cancelled";
  const heard = isHeardOnly(video.data, pictures);
  const timeline = duration > 0 && <Timeline moments={list} cuts={cuts} duration={duration} large={heard} />;
  const momentsPane = <MomentList moments={list} loading={found.isPending} busy={active} nothing={video.data.nothing} />;
  const wordsPane = <Transcript transcript={said.data ?? null} loading={said.isPending} />;
  return (
    <Page wide title={video.data.title} subtitle={<Origin video={video.data} from={from} />} actions={<DetailActions video={video.data} moments={list} busy={active} />}>
      <Shortcuts moments={list} frameRate={from?.frame_rate ?? null} />
      <Box sx={{ display: "grid", gap: 2.5, gridTemplateColumns: { xs: "minmax(0, 1fr)", lg: "minmax(0, 1.45fr) minmax(380px, 1fr)" }, alignItems: "start" }}>
        <Box sx={{ display: "grid", gap: 2, minWidth: 0 }}>
          <Conflicts />
          {showRun && <RunCard videoId={videoId} title={active ? "Working on it" : "The last run"} />}
          {run.data && !showRun && <UnrefinedNote run={run.data} onRetried={() => void run.refetch()} />}
          <VideoPlayer video={video.data} transcript={said.data ?? null} duration={duration} instead={heard ? timeline : null} />
          <SourceRemarks from={from} />
          {(!heard || !video.data.stored) && timeline}
          {wide && wordsPane}
        </Box>
        {wide ? (
          momentsPane
        ) : (
          <Box sx={{ minWidth: 0 }}>
            <Tabs value={tab} onChange={(_, value: "moments" | "transcript") => setTab(value)} variant="fullWidth" sx={{ mb: 1.5 }}>
              <Tab value="moments" label={`Moments (${list.length})`} />
              <Tab value="transcript" label="Transcript" />
            </Tabs>
            {tab === "moments" ? momentsPane : wordsPane}
          </Box>
        )}
      </Box>
    </Page>
  );
}

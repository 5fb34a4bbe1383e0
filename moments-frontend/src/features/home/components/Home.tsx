import { Box, Link as MuiLink, Stack, Typography } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { useWatched } from "@/api/watched";
import { Allowed } from "@/components/Allowed";
import { DismissFailed } from "@/components/DismissFailed";
import { EmptyState } from "@/components/EmptyState";
import { ErrorState } from "@/components/ErrorState";
import { Page } from "@/components/Page";
import { RunCard } from "@/components/RunCard";
import { UploadList } from "@/components/UploadList";
import { useTitle } from "@/hooks/useTitle";
import { overview } from "../api/overview";
import { FailedRuns } from "./FailedRuns";
import { JustAdded } from "./JustAdded";
import { Recent } from "./Recent";
import { StartBox } from "./StartBox";

const MOST_OTHERS = 4;

/** The first screen: what this is, the one place where runs are started, what runs now, and the newest recordings. */
export function Home() {
  useTitle("Home");
  const { data, error, refetch } = useQuery(overview);
  const watched = new Set(useWatched().map(({ videoId }) => videoId));
  const others = (data?.active ?? []).filter((run) => !watched.has(run.video_id));
  const failed = (data?.failed ?? []).filter((run) => !watched.has(run.video_id));
  return (
    <Page title="Find the moments worth keeping" subtitle="VideoMoments listens to a long recording and gives you its best parts, each with a title, exact times and a clip.">
      <Stack spacing={4}>
        <Allowed
          otherwise={
            <EmptyState icon={KeyRound} title="You can view recordings, but not add any">
              Your API key allows viewing only. To add recordings, ask whoever runs this server for a key that allows editing.
            </EmptyState>
          }
        >
          <StartBox />
        </Allowed>
        <UploadList />
        <JustAdded />
        {error && <ErrorState error={error} onRetry={() => void refetch()} />}
        {others.length > 0 && (
          <Section title="In progress" more={{ to: "/pipelines", label: "All runs" }}>
            <Box sx={{ display: "grid", gap: 2, gridTemplateColumns: { xs: "minmax(0, 1fr)", lg: "repeat(2, minmax(0, 1fr))" } }}>
              {others.slice(0, MOST_OTHERS).map((run) => (
                <RunCard
                  key={run.request_id}
                  videoId={run.video_id}
                  title={
                    <MuiLink component={Link} to={`/videos/${run.video_id}`} color="inherit">
                      {run.title}
                    </MuiLink>
                  }
                />
              ))}
            </Box>
          </Section>
        )}
        {failed.length > 0 && (
          <Section title="Failed" more={{ to: "/pipelines?status=failed", label: "All failed runs" }}>
            <FailedRuns runs={failed} />
            <Box sx={{ mt: 1, textAlign: "right" }}>
              <DismissFailed />
            </Box>
          </Section>
        )}
        <Section title="Recent recordings" more={{ to: "/library", label: "All recordings" }}>
          <Recent />
        </Section>
      </Stack>
    </Page>
  );
}

function Section({ title, more, children }: { title: string; more: { to: string; label: string }; children: ReactNode }) {
  return (
    <Box component="section" aria-label={title}>
      <Stack direction="row" sx={{ alignItems: "baseline", justifyContent: "space-between", mb: 1.5, gap: 2 }}>
        <Typography variant="h2">{title}</Typography>
        <MuiLink component={Link} to={more.to} variant="body2">
          {more.label}
        </MuiLink>
      </Stack>
      {children}
    </Box>
  );
}

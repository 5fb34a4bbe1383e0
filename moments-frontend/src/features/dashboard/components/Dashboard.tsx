import { Box, Link as MuiLink, Skeleton, Stack, Typography } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { Sparkles } from "lucide-react";
import { Link, useNavigate } from "react-router";
import { startUpload } from "@/api/uploads";
import { Allowed } from "@/components/Allowed";
import { DismissFailed } from "@/components/DismissFailed";
import { DropZone } from "@/components/DropZone";
import { EmptyState } from "@/components/EmptyState";
import { ErrorState } from "@/components/ErrorState";
import { Page } from "@/components/Page";
import { RunCard } from "@/components/RunCard";
import { UploadList } from "@/components/UploadList";
import { UrlForm } from "@/components/UrlForm";
import { useTitle } from "@/hooks/useTitle";
import { overview } from "../api/overview";
import { RunLines } from "./RunLines";
import { Totals } from "./Totals";

/** Shows what is running, what is done, and what failed and why; and the form for the next video. */
export function Dashboard() {
  useTitle("Dashboard");
  const navigate = useNavigate();
  const { data, error, refetch } = useQuery(overview);
  const toGenerate = () => void navigate("/generate");
  return (
    <Page title="Dashboard">
      <Stack spacing={4}>
        <Allowed>
          <DropZone
            onFiles={(files) => {
              for (const file of files) void startUpload(file, {});
            }}
          >
            <UrlForm options={{}} onStarted={toGenerate} />
          </DropZone>
        </Allowed>
        <UploadList />
        {error && <ErrorState error={error} onRetry={() => void refetch()} />}
        {data === undefined && !error && <Skeleton variant="rounded" height={96} />}
        {data && <Totals totals={data} />}
        {data?.active.length === 0 && data.ended.length === 0 && (
          <EmptyState icon={Sparkles} title="No videos yet">
            <Allowed otherwise="Videos that others add are shown here.">
              Paste the address of a talk, a podcast or a meeting, or drop a file above. A few minutes later its best parts are here.
            </Allowed>
          </EmptyState>
        )}
        {data && data.active.length > 0 && (
          <Section title="Running now" more={{ to: "/pipelines", label: "All runs" }}>
            <Box sx={{ display: "grid", gap: 2, gridTemplateColumns: { xs: "1fr", lg: "1fr 1fr" } }}>
              {data.active.slice(0, 4).map((run) => (
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
        {data && data.failed.length > 0 && (
          <Section title="Failed" more={{ to: "/pipelines?status=failed", label: "All failed" }}>
            <RunLines runs={data.failed} />
            <Box sx={{ mt: 1, textAlign: "right" }}>
              <DismissFailed />
            </Box>
          </Section>
        )}
        {data && data.ended.length > 0 && (
          <Section title="Finished" more={{ to: "/library", label: "Library" }}>
            <RunLines runs={data.ended} />
          </Section>
        )}
      </Stack>
    </Page>
  );
}

function Section({ title, more, children }: { title: string; more: { to: string; label: string }; children: React.ReactNode }) {
  return (
    <Box component="section" aria-label={title}>
      <Stack direction="row" sx={{ alignItems: "baseline", justifyContent: "space-between", mb: 1.5 }}>
        <Typography variant="h2">{title}</Typography>
        <MuiLink component={Link} to={more.to} variant="body2">
          {more.label}
        </MuiLink>
      </Stack>
      {children}
    </Box>
  );
}

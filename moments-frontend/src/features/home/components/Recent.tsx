import { Box, Typography } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { Film } from "lucide-react";
import type { ReactNode } from "react";
import { Allowed } from "@/components/Allowed";
import { EmptyState } from "@/components/EmptyState";
import { ErrorState } from "@/components/ErrorState";
import { VideoCard, VideoCardSkeleton } from "@/components/VideoCard";
import { isActive } from "@/hooks/polling";
import { recentVideos } from "../api/overview";

const MOST = 8;

/** Shows the newest recordings, each with a picture. Those in progress are shown elsewhere. */
export function Recent() {
  const { data, error, refetch } = useQuery(recentVideos);
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (data === undefined)
    return (
      <Grid status="Loading the recent recordings">
        {Array.from({ length: 4 }, (_, index) => (
          <VideoCardSkeleton key={index} />
        ))}
      </Grid>
    );
  const shown = data.filter((video) => !isActive(video.status)).slice(0, MOST);
  if (shown.length === 0 && data.length > 0) return <Typography color="text.secondary">The first ones are still in progress.</Typography>;
  if (shown.length === 0)
    return (
      <EmptyState icon={Film} title="Your recordings will appear here">
        <Allowed otherwise="Recordings that others add are shown here.">
          Paste a link to a talk, a podcast or a meeting, or drop a file above. Or try the sample: it takes a minute or two.
        </Allowed>
      </EmptyState>
    );
  return (
    <Grid>
      {shown.map((video) => (
        <li key={video.identifier}>
          <VideoCard video={video} />
        </li>
      ))}
    </Grid>
  );
}

function Grid({ children, status }: { children: ReactNode; status?: string }) {
  return (
    <Box
      component={status === undefined ? "ul" : "div"}
      {...(status === undefined ? { "aria-label": "Recent recordings" } : { role: "status", "aria-label": status })}
      sx={{ listStyle: "none", p: 0, m: 0, display: "grid", columnGap: 2, gridTemplateColumns: { xs: "repeat(2, minmax(0, 1fr))", md: "repeat(4, minmax(0, 1fr))" } }}
    >
      {children}
    </Box>
  );
}

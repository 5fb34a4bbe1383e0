import { Box, Card, Chip, Skeleton, Typography } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { ErrorState } from "@/components/ErrorState";
import { formatDuration } from "@/lib/time";
import { readiness } from "../api/settings";

/** Shows whether each part works, checked every ten seconds. */
export function HealthPanel() {
  const { data, error, refetch } = useQuery(readiness);
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton variant="rounded" height={220} role="status" aria-label="Checking the system" />;
  const parts: [string, boolean, string][] = [
    ["Database", data.migrated, data.migrated ? "Up to date." : "Older than the program. Run: moments db upgrade"],
    ["Redis or Valkey", data.redis === "ok", data.redis === "ok" ? "Works." : "Does not answer. Runs start more slowly until it is back."],
    ["File storage", data.storage === "ok", data.storage === "ok" ? "Works." : "Does not answer."],
    [
      "Workers",
      data.workers > 0,
      data.workers === 1 ? "One is running." : data.workers > 1 ? `${data.workers} are running.` : "None is running. Nothing is processed until one starts: moments worker",
    ],
    ["Queue", data.oldest_queued_seconds < 300, data.queued === 0 ? "Empty." : `${data.queued} in the queue, the oldest for ${formatDuration(data.oldest_queued_seconds)}.`],
  ];
  return (
    <Card component="ul" sx={{ listStyle: "none", p: 0, m: 0 }}>
      {parts.map(([name, good, text]) => (
        <Box component="li" key={name} sx={{ display: "flex", alignItems: "center", gap: 2, px: 2, py: 1.5, "&:not(:last-of-type)": { borderBottom: 1, borderColor: "divider" } }}>
          <Chip size="small" variant="outlined" color={good ? "success" : "error"} label={good ? "OK" : "Problem"} sx={{ width: 76 }} />
          <Box>
            <Typography sx={{ fontWeight: 600 }}>{name}</Typography>
            <Typography variant="body2" color="text.secondary">
              {text}
            </Typography>
          </Box>
        </Box>
      ))}
    </Card>
  );
}

import { Alert } from "@mui/material";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { ApiError, request } from "@/api/client";
import { queryKeys } from "@/api/queryKeys";
import type { HealthOut } from "@/api/types";

const LOOK_MS = 15_000;
const LOOK_AGAIN_MS = 3_000;

/**
 * Shows that the server is away, and disappears when it is back. What was loaded stays readable meanwhile. Queries that failed for want of
 * an answer are sent again then.
 */
export function OfflineBanner() {
  const client = useQueryClient();
  const { error, data } = useQuery({
    queryKey: queryKeys.health,
    queryFn: ({ signal }) => request<HealthOut>({ url: "health", signal, timeout: 5_000 }),
    refetchInterval: (query) => (query.state.status === "error" ? LOOK_AGAIN_MS : LOOK_MS),
    retry: 1,
    retryDelay: 1_000,
  });
  const away = error instanceof ApiError && error.offline;
  const half = data?.postgresql === "unavailable";
  const unwell = away || half;
  useEffect(() => {
    if (!unwell) return undefined;
    return () => {
      void client.refetchQueries({ type: "active", predicate: (query) => query.state.status === "error" && query.queryKey[0] !== queryKeys.health[0] });
    };
  }, [client, unwell]);
  if (!unwell) return null;
  return (
    <Alert severity="warning" variant="filled" role="status" square>
      {half ? "The database does not answer." : "The server does not answer."} Trying again. What you see may be out of date.
    </Alert>
  );
}

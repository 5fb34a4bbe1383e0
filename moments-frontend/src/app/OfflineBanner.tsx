import { Alert } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { ApiError, request } from "@/api/client";
import type { HealthOut } from "@/api/types";

const LOOK_MS = 15_000;
const LOOK_AGAIN_MS = 3_000;

/** Says when the server is away, and goes when it is back; what was shown stays readable meanwhile. */
export function OfflineBanner() {
  const { error, data } = useQuery({
    queryKey: ["health"],
    queryFn: ({ signal }) => request<HealthOut>({ url: "health", signal, timeout: 5_000 }),
    refetchInterval: (query) => (query.state.status === "error" ? LOOK_AGAIN_MS : LOOK_MS),
    retry: 1,
    retryDelay: 1_000,
  });
  const away = error instanceof ApiError && error.offline;
  const half = data?.postgresql === "unavailable";
  if (!away && !half) return null;
  return (
    <Alert severity="warning" variant="filled" role="status" square>
      {half ? "The database does not answer." : "The server does not answer."} Trying again; what you see may be out of date.
    </Alert>
  );
}

import { Alert, Button } from "@mui/material";
import { useMay } from "@/api/me";
import { useRetryRun } from "@/api/runs";
import type { StatusOut } from "@/api/types";
import { useNotify, useNotifyError } from "@/hooks/useNotify";

interface Props {
  run: Pick<StatusOut, "video_id" | "request_id" | "status" | "unrefined">;
  /** Called once a run for the others is queued. */
  onRetried?: () => void;
}

/** Shows for how many moments a completed run left the first boundaries, and why. Offers to refine those that still have them. */
export function UnrefinedNote({ run, onRetried }: Props) {
  const retry = useRetryRun();
  const notify = useNotify();
  const onError = useNotifyError();
  const may = useMay("write");
  if (run.status !== "completed" || run.unrefined == null) return null;
  const { message, left, reasons } = run.unrefined;
  const advice = [...new Set(reasons.map((reason) => reason.advice).filter((text) => text !== null))].join(" ");
  const onSuccess = () => {
    notify({ message: "Started: only the remaining moments are adjusted." });
    onRetried?.();
  };
  const again = (
    <Button color="inherit" size="small" disabled={retry.isPending} onClick={() => retry.mutate({ videoId: run.video_id, requestId: run.request_id }, { onError, onSuccess })}>
      Adjust the rest
    </Button>
  );
  return (
    <Alert severity={left > 0 ? "warning" : "info"} sx={{ my: 1 }} action={left > 0 && may ? again : undefined}>
      {message} {left > 0 ? advice : "They have been adjusted or edited since."}
    </Alert>
  );
}

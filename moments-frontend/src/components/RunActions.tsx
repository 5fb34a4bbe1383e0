import { Button } from "@mui/material";
import { RotateCcw, Square } from "lucide-react";
import { useCancelRun, useRetryRun } from "@/api/runs";
import type { RunStatus } from "@/api/types";
import { isActive } from "@/hooks/polling";
import { useNotify, useNotifyError } from "@/hooks/useNotify";

interface Props {
  videoId: string;
  requestId: string;
  status: RunStatus;
  /** Called once the run is queued again. */
  onRetried?: () => void;
}

/** What can be done with a run: end it while it goes on, take it up again where it ended badly. */
export function RunActions({ videoId, requestId, status, onRetried }: Props) {
  const cancel = useCancelRun();
  const retry = useRetryRun();
  const notify = useNotify();
  const onError = useNotifyError();
  const ids = { videoId, requestId };
  if (isActive(status)) {
    return (
      <Button
        size="small"
        color="inherit"
        variant="outlined"
        startIcon={<Square size={14} aria-hidden />}
        disabled={cancel.isPending}
        onClick={() => cancel.mutate(ids, { onError })}
      >
        Cancel
      </Button>
    );
  }
  if (status === "completed") return null;
  return (
    <Button
      size="small"
      variant="outlined"
      startIcon={<RotateCcw size={14} aria-hidden />}
      disabled={retry.isPending}
      onClick={() =>
        retry.mutate(ids, {
          onError,
          onSuccess: () => {
            notify({ message: "Queued again; finished stages are not repeated." });
            onRetried?.();
          },
        })
      }
    >
      Retry
    </Button>
  );
}

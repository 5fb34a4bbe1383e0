import { Button } from "@mui/material";
import { EyeOff, RotateCcw, Square } from "lucide-react";
import { useMay } from "@/api/me";
import { useCancelRun, useDismissRun, useRetryRun } from "@/api/runs";
import type { RunStatus } from "@/api/types";
import { isActive } from "@/hooks/polling";
import { useNotify, useNotifyError } from "@/hooks/useNotify";

interface Props {
  videoId: string;
  requestId: string;
  status: RunStatus;
  /** Called once the run is queued again. */
  onRetried?: () => void;
  /** Called with `true` once the run is dismissed, with `false` once that is undone. */
  onDismissed?: ((dismissed: boolean) => void) | undefined;
  dismissed?: boolean;
}

/** The actions of a run: cancel it while it is active; resume it after a failure or a cancellation, or remove it from the lists. */
export function RunActions({ videoId, requestId, status, onRetried, onDismissed, dismissed = false }: Props) {
  const cancel = useCancelRun();
  const retry = useRetryRun();
  const dismiss = useDismissRun();
  const notify = useNotify();
  const onError = useNotifyError();
  const ids = { videoId, requestId };
  if (!useMay("write")) return null;
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
  const bringBack = () => dismiss.mutate({ ...ids, undo: true }, { onError, onSuccess: () => onDismissed?.(false) });
  const takeOff = () =>
    dismiss.mutate(ids, {
      onError,
      onSuccess: () => {
        onDismissed?.(true);
        notify({ message: "Dismissed. This run is hidden from all lists.", action: { label: "Undo", run: bringBack } });
      },
    });
  return (
    <>
      <Button size="small" color="inherit" startIcon={<EyeOff size={14} aria-hidden />} disabled={dismiss.isPending} onClick={dismissed ? bringBack : takeOff}>
        {dismissed ? "Show in lists again" : "Dismiss"}
      </Button>
      <Button
        size="small"
        variant="outlined"
        startIcon={<RotateCcw size={14} aria-hidden />}
        disabled={retry.isPending}
        onClick={() =>
          retry.mutate(ids, {
            onError,
            onSuccess: () => {
              notify({ message: "Started again. Stages that are done are not repeated." });
              onRetried?.();
            },
          })
        }
      >
        Try again
      </Button>
    </>
  );
}

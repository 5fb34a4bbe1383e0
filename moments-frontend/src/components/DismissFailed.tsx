import { Button } from "@mui/material";
import { EyeOff } from "lucide-react";
import { useState } from "react";
import { useMay } from "@/api/me";
import { useDismissFailed } from "@/api/runs";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { useNotify, useNotifyError } from "@/hooks/useNotify";

/** Removes all failed runs from the lists, after a question. */
export function DismissFailed() {
  const [asking, setAsking] = useState(false);
  const dismiss = useDismissFailed();
  const notify = useNotify();
  const onError = useNotifyError();
  const may = useMay("write");
  if (!may) return null;
  return (
    <>
      <Button size="small" color="inherit" startIcon={<EyeOff size={14} aria-hidden />} onClick={() => setAsking(true)}>
        Dismiss all failed
      </Button>
      <ConfirmDialog
        open={asking}
        title="Dismiss all failed runs?"
        confirm="Dismiss"
        busy={dismiss.isPending}
        onClose={() => setAsking(false)}
        onConfirm={() =>
          dismiss.mutate(undefined, {
            onError,
            onSuccess: ({ request_ids: gone }) => notify({ message: gone.length === 1 ? "One failed run dismissed." : `${gone.length} failed runs dismissed.` }),
            onSettled: () => setAsking(false),
          })
        }
      >
        They are hidden from all lists. You find them under Pipelines with the status “Dismissed”.
      </ConfirmDialog>
    </>
  );
}

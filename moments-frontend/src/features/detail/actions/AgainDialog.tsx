import { Button, Dialog, DialogActions, DialogContent, DialogTitle } from "@mui/material";
import { useState } from "react";
import { NO_OPTIONS, optionsProblem, RunOptionsFields, toOptions } from "@/components/RunOptionsFields";
import { useNotify, useNotifyError } from "@/hooks/useNotify";
import { useGenerateAgain } from "../api/moments";

/** Starts another search for moments, with other options. */
export function AgainDialog({ videoId, onClose }: { videoId: string; onClose: () => void }) {
  const [form, setForm] = useState(NO_OPTIONS);
  const generate = useGenerateAgain(videoId);
  const notify = useNotify();
  const onError = useNotifyError();
  return (
    <Dialog open onClose={onClose} maxWidth="md" aria-labelledby="again-title">
      <DialogTitle id="again-title">Look for moments again</DialogTitle>
      <DialogContent sx={{ pt: "8px !important" }}>
        <RunOptionsFields form={form} onChange={setForm} />
      </DialogContent>
      <DialogActions>
        <Button color="inherit" onClick={onClose}>
          Close
        </Button>
        <Button
          variant="contained"
          disabled={generate.isPending || optionsProblem(form) !== null}
          onClick={() =>
            generate.mutate(toOptions(form), {
              onError,
              onSuccess: () => {
                onClose();
                notify({ message: "Looking again. What you made or edited stays." });
              },
            })
          }
        >
          Look again
        </Button>
      </DialogActions>
    </Dialog>
  );
}

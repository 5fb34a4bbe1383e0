import { Button, Dialog, DialogActions, DialogContent, DialogTitle } from "@mui/material";
import { useState } from "react";
import { type Focus, NO_OPTIONS, optionsProblem, RunOptionsFields, toOptions } from "@/components/RunOptionsFields";
import { useNotify, useNotifyError } from "@/hooks/useNotify";
import { useGenerateAgain } from "../api/moments";

/** Starts another search for moments, with other options. */
export function AgainDialog({ videoId, onClose, focus }: { videoId: string; onClose: () => void; focus?: Focus }) {
  const [form, setForm] = useState(NO_OPTIONS);
  const generate = useGenerateAgain(videoId);
  const notify = useNotify();
  const onError = useNotifyError();
  return (
    <Dialog open onClose={onClose} maxWidth="md" aria-labelledby="again-title">
      <DialogTitle id="again-title">Search this recording again</DialogTitle>
      <DialogContent sx={{ pt: "8px !important" }}>
        <RunOptionsFields form={form} onChange={setForm} {...(focus && { focus })} />
      </DialogContent>
      <DialogActions>
        <Button color="inherit" onClick={onClose}>
          Cancel
        </Button>
        <Button
          variant="contained"
          disabled={generate.isPending || optionsProblem(form) !== null}
          onClick={() =>
            generate.mutate(toOptions(form), {
              onError,
              onSuccess: () => {
                onClose();
                notify({ message: "Searching again. Moments that you made or edited stay." });
              },
            })
          }
        >
          Search again
        </Button>
      </DialogActions>
    </Dialog>
  );
}

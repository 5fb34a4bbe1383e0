import { Alert, Button, Stack } from "@mui/material";
import { useEffect, useState, useSyncExternalStore } from "react";
import { MergeDialog } from "@/components/MergeDialog";
import { announce } from "@/lib/announce";
import { differences } from "@/lib/merging";
import { conflicts, mineOf, MOMENT_FIELDS } from "./conflictStore";
import { useEditor } from "./editor";

/** Asks about changes that conflict with another user's, one after the other. Each waits until it is decided. */
export function Conflicts() {
  const { videoId, decide } = useEditor();
  const all = useSyncExternalStore(conflicts.subscribe, conflicts.get).filter((one) => one.videoId === videoId);
  const [later, setLater] = useState<ReadonlySet<string>>(new Set());
  const asked = all.find((one) => !later.has(one.seen.identifier));
  const waiting = all.length > 0;
  useEffect(() => {
    if (waiting) announce("Somebody else changed this moment meanwhile. Your change is not saved yet.");
  }, [waiting]);
  const put = (id: string, off: boolean) =>
    setLater((now) => {
      const next = new Set(now);
      if (off) next.add(id);
      else next.delete(id);
      return next;
    });
  return (
    <Stack spacing={1}>
      {all.map((one) => (
        <Alert
          key={one.seen.identifier}
          severity="warning"
          action={
            <Button color="inherit" size="small" disabled={one.saving === true} onClick={() => put(one.seen.identifier, false)}>
              Merge
            </Button>
          }
        >
          Somebody else changed “{one.theirs.title}” meanwhile. Your change is not saved yet.
        </Alert>
      ))}
      {asked !== undefined && (
        <MergeDialog
          key={`${asked.seen.identifier} ${asked.theirs.etag}`}
          what={`“${asked.theirs.title}”`}
          differences={differences(MOMENT_FIELDS, asked.seen, asked.theirs, mineOf(asked))}
          busy={asked.saving === true}
          onSave={(chosen) => decide(asked, chosen)}
          onLater={() => put(asked.seen.identifier, true)}
        />
      )}
    </Stack>
  );
}

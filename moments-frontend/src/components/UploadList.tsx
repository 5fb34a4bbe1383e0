import { Alert, Button, Card, IconButton, LinearProgress, Stack, Typography } from "@mui/material";
import { Pause, Play, X } from "lucide-react";
import { dropUpload, pauseUpload, resumeUpload, useUploads } from "@/api/uploads";
import { formatBytes } from "@/lib/bytes";

/** Shows the uploads, with pause and resume. */
export function UploadList() {
  const uploads = useUploads();
  if (uploads.length === 0) return null;
  return (
    <Stack spacing={1} aria-label="Uploads" role="group">
      {uploads.map((upload) => {
        const share = upload.size === 0 ? 0 : (100 * upload.sent) / upload.size;
        return (
          <Card key={upload.id} sx={{ px: 2, py: 1.5 }}>
            <Stack direction="row" sx={{ alignItems: "center", gap: 1.5 }}>
              <Stack sx={{ flex: 1, minWidth: 0 }}>
                <Typography variant="body2" noWrap sx={{ fontWeight: 600 }}>
                  {upload.name}
                </Typography>
                <Typography variant="caption" color="text.secondary">
                  {upload.state === "starting" ? "Starting the run" : upload.state === "refused" ? "Not taken" : `${formatBytes(upload.sent)} of ${formatBytes(upload.size)}`}
                </Typography>
              </Stack>
              {upload.state === "sending" && (
                <IconButton aria-label={`Pause ${upload.name}`} onClick={() => pauseUpload(upload.id)}>
                  <Pause size={18} aria-hidden />
                </IconButton>
              )}
              {upload.state === "paused" && (
                <IconButton aria-label={`Resume ${upload.name}`} onClick={() => resumeUpload(upload.id)}>
                  <Play size={18} aria-hidden />
                </IconButton>
              )}
              <IconButton aria-label={upload.state === "refused" ? `Take ${upload.name} off this list` : `End ${upload.name}`} onClick={() => dropUpload(upload.id)}>
                <X size={18} aria-hidden />
              </IconButton>
            </Stack>
            {upload.state !== "refused" && <LinearProgress aria-label={`Upload of ${upload.name}`} variant="determinate" value={share} sx={{ mt: 1, borderRadius: 1 }} />}
            {upload.problem !== null && (
              <Alert
                severity="error"
                sx={{ mt: 1 }}
                action={
                  upload.state !== "refused" && (
                    <Button color="inherit" size="small" onClick={() => resumeUpload(upload.id)}>
                      Resume
                    </Button>
                  )
                }
              >
                {upload.problem}
              </Alert>
            )}
          </Card>
        );
      })}
    </Stack>
  );
}

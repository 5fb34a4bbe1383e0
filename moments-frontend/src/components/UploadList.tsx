import { Alert, Button, Card, IconButton, LinearProgress, Link as MuiLink, Stack, Typography } from "@mui/material";
import { Pause, Play, X } from "lucide-react";
import { Link } from "react-router";
import { dropUpload, pauseUpload, resumeUpload, type RunningUpload, useUploads } from "@/api/uploads";
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
                  {progressOf(upload)}
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
              <IconButton aria-label={isOver(upload) ? `Remove ${upload.name} from this list` : `Stop uploading ${upload.name}`} onClick={() => dropUpload(upload.id)}>
                <X size={18} aria-hidden />
              </IconButton>
            </Stack>
            {!isOver(upload) && <LinearProgress aria-label={`Upload of ${upload.name}`} variant="determinate" value={share} sx={{ mt: 1, borderRadius: 1 }} />}
            <Problem upload={upload} />
          </Card>
        );
      })}
    </Stack>
  );
}

/** Shows why an upload stopped, and how it goes on. */
function Problem({ upload: { id, state, problem, videoId } }: { upload: RunningUpload }) {
  if (problem === null) return null;
  const resume = (
    <Button color="inherit" size="small" onClick={() => resumeUpload(id)}>
      {state === "stored" ? "Find moments" : "Resume"}
    </Button>
  );
  return (
    <Alert severity="error" sx={{ mt: 1 }} action={state !== "refused" && resume}>
      {problem}{" "}
      {videoId !== null && (
        <MuiLink component={Link} to={`/videos/${videoId}`} color="inherit">
          Open the video
        </MuiLink>
      )}
    </Alert>
  );
}

/** Whether nothing more of the file is sent. */
function isOver({ state }: RunningUpload): boolean {
  return state === "refused" || state === "stored";
}

function progressOf({ state, sent, size }: RunningUpload): string {
  if (state === "starting") return "Starting";
  if (state === "refused") return "Not accepted";
  return state === "stored" ? "Uploaded, but the search for moments has not started" : `${formatBytes(sent)} of ${formatBytes(size)}`;
}

import { Button, Card, CardContent, IconButton, Stack, Tooltip, Typography } from "@mui/material";
import { KeyRound, ListVideo, X } from "lucide-react";
import { useState } from "react";
import { Link } from "react-router";
import { startUpload } from "@/api/uploads";
import { unwatch, useWatched, watch } from "@/api/watched";
import { Allowed } from "@/components/Allowed";
import { DropZone } from "@/components/DropZone";
import { EmptyState } from "@/components/EmptyState";
import { Page } from "@/components/Page";
import { RunCard } from "@/components/RunCard";
import { NO_OPTIONS, optionsProblem, RunOptionsFields, toOptions } from "@/components/RunOptionsFields";
import { UploadList } from "@/components/UploadList";
import { UrlForm } from "@/components/UrlForm";
import { useTitle } from "@/hooks/useTitle";

/** Takes an address or a file and options, and shows the eight stages of the run. */
export function UrlGenerate() {
  useTitle("Generate");
  const [form, setForm] = useState(NO_OPTIONS);
  const watched = useWatched();
  const options = toOptions(form);
  const problem = optionsProblem(form);
  return (
    <Page title="Generate" subtitle="From an address or a file to titled moments with exact clips.">
      <Stack spacing={3}>
        <Allowed
          otherwise={
            <EmptyState icon={KeyRound} title="This key may only look">
              Adding videos asks for a key that may work; whoever runs the server makes one.
            </EmptyState>
          }
        >
          <DropZone
            problem={problem}
            onFiles={(files) => {
              for (const file of files) void startUpload(file, options);
            }}
          >
            <UrlForm options={options} disabled={problem !== null} onStarted={() => undefined} />
          </DropZone>
          <Card component="section" aria-labelledby="options-title">
            <CardContent>
              <Typography variant="h2" id="options-title" sx={{ mb: 2 }}>
                Options
              </Typography>
              <RunOptionsFields form={form} onChange={setForm} />
            </CardContent>
          </Card>
          <UploadList />
        </Allowed>
        {watched.length === 0 ? (
          <EmptyState icon={ListVideo} title="Runs that you start show up here">
            Each with its eight stages, live. You can leave this page: they go on.
          </EmptyState>
        ) : (
          watched.map(({ videoId, title }) => (
            <RunCard
              key={videoId}
              videoId={videoId}
              title={title}
              onDismissed={(dismissed) => {
                if (dismissed) unwatch(videoId);
                else watch({ videoId, title });
              }}
              whenDone={
                <Stack direction="row" spacing={1}>
                  <Button component={Link} to={`/videos/${videoId}`} variant="contained" size="small">
                    See the moments
                  </Button>
                  <Tooltip title="Take off this list">
                    <IconButton
                      size="small"
                      aria-label={`Take ${title} off this list`}
                      onClick={() => {
                        unwatch(videoId);
                      }}
                    >
                      <X size={16} aria-hidden />
                    </IconButton>
                  </Tooltip>
                </Stack>
              }
            />
          ))
        )}
      </Stack>
    </Page>
  );
}

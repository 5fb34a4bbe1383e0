import { Alert, Box, Button, Collapse, Typography } from "@mui/material";
import { ChevronDown, CirclePlay } from "lucide-react";
import { useId, useState } from "react";
import { useSample } from "@/api/generate";
import { startUpload } from "@/api/uploads";
import { watch } from "@/api/watched";
import { DropZone } from "@/components/DropZone";
import { NO_OPTIONS, optionsProblem, PromptField, RunOptionsFields, toOptions } from "@/components/RunOptionsFields";
import { UrlForm } from "@/components/UrlForm";
import { announce } from "@/lib/announce";

/** As the server calls it. */
const SAMPLE_TITLE = "Sample: five short talks";

/** Takes a link or a file, what to look for, and on demand all other options of a run. */
export function StartBox() {
  const [form, setForm] = useState(NO_OPTIONS);
  const [open, setOpen] = useState(false);
  const id = useId();
  const sample = useSample();
  const options = toOptions(form);
  const problem = optionsProblem(form);
  return (
    <DropZone
      problem={problem}
      onFiles={(files) => {
        for (const file of files) void startUpload(file, options);
      }}
      beside={
        <Box sx={{ display: "flex", alignItems: "center", gap: 1, ml: { md: "auto" }, flexWrap: "wrap" }}>
          <Typography variant="body2">Nothing at hand?</Typography>
          <Button
            size="small"
            variant="outlined"
            color="inherit"
            startIcon={<CirclePlay size={16} aria-hidden />}
            disabled={sample.isPending || problem !== null}
            onClick={() =>
              sample.mutate(options, {
                onSuccess: ({ video_id: videoId }) => {
                  watch({ videoId, title: SAMPLE_TITLE });
                  announce(`Started: ${SAMPLE_TITLE}.`);
                },
              })
            }
          >
            Try the sample
          </Button>
        </Box>
      }
    >
      <UrlForm
        options={options}
        disabled={problem !== null}
        beside={<PromptField value={form.prompt} onChange={(prompt) => setForm({ ...form, prompt })} />}
        more={
          <Button
            size="small"
            color="inherit"
            aria-expanded={open}
            aria-controls={open ? id : undefined}
            startIcon={
              <Box component="span" sx={{ lineHeight: 0, transition: "rotate 120ms", rotate: open ? "180deg" : "0deg" }}>
                <ChevronDown size={16} aria-hidden />
              </Box>
            }
            onClick={() => setOpen(!open)}
          >
            {open ? "Fewer options" : "More options"}
          </Button>
        }
      />
      <Collapse in={open} unmountOnExit timeout={150}>
        <Box id={id} role="group" aria-label="More options" sx={{ pt: 2 }}>
          <RunOptionsFields form={form} onChange={setForm} withPrompt={false} />
        </Box>
      </Collapse>
      {sample.error && (
        <Alert severity="error" sx={{ mt: 1 }}>
          {sample.error.message} {sample.error.advice}
        </Alert>
      )}
    </DropZone>
  );
}

import { Alert, Button, Stack, TextField } from "@mui/material";
import { Sparkles } from "lucide-react";
import { useState } from "react";
import { ApiError, toApiError } from "@/api/client";
import { useGenerate } from "@/api/generate";
import type { StartOptions } from "@/api/types";
import { watch } from "@/api/watched";
import { looksLikeUrl, nameOf, urlsIn } from "@/lib/urls";

interface Props {
  options: Partial<StartOptions>;
  disabled?: boolean;
  onStarted: (videoIds: readonly string[]) => void;
}

/** One address or several, each of which becomes a run. What can't be started stays in the field, with its reason. */
export function UrlForm({ options, disabled = false, onStarted }: Props) {
  const [text, setText] = useState("");
  const [problems, setProblems] = useState<readonly { url: string; error: ApiError }[]>([]);
  const [busy, setBusy] = useState(false);
  const generate = useGenerate();
  const urls = urlsIn(text);
  const strange = urls.find((url) => !looksLikeUrl(url));

  const submit = async () => {
    setBusy(true);
    const started: string[] = [];
    const failed: { url: string; error: ApiError }[] = [];
    for (const url of urls) {
      try {
        const accepted = await generate.mutateAsync({ url, options });
        watch({ videoId: accepted.video_id, title: nameOf(url) });
        started.push(accepted.video_id);
      } catch (error) {
        failed.push({ url, error: toApiError(error) });
      }
    }
    setProblems(failed);
    setText(failed.map(({ url }) => url).join("\n"));
    setBusy(false);
    if (started.length > 0) onStarted(started);
  };

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Stack direction={{ xs: "column", sm: "row" }} spacing={1.5} sx={{ alignItems: { sm: "flex-start" } }}>
        <TextField
          fullWidth
          multiline
          maxRows={6}
          label="Address of a video"
          placeholder="https://…"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter" && !event.shiftKey) {
              event.preventDefault();
              if (urls.length > 0 && strange === undefined && !busy && !disabled) void submit();
            }
          }}
          error={strange !== undefined}
          helperText={strange === undefined ? "Several at once: one a line (Shift+Enter)." : `“${strange.slice(0, 60)}” is no address of a video.`}
        />
        <Button
          type="submit"
          variant="contained"
          size="large"
          startIcon={<Sparkles size={18} aria-hidden />}
          disabled={busy || disabled || urls.length === 0 || strange !== undefined}
          sx={{ flexShrink: 0, minHeight: 40 }}
        >
          {urls.length > 1 ? `Find moments in ${urls.length}` : "Find moments"}
        </Button>
      </Stack>
      {problems.map(({ url, error }) => (
        <Alert key={url} severity="error" sx={{ mt: 1, overflowWrap: "anywhere" }}>
          {nameOf(url)}: {error.message} {error.advice}
        </Alert>
      ))}
    </form>
  );
}

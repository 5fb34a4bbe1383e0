import { Alert, Box, Button, Stack, TextField } from "@mui/material";
import { ListVideo, Sparkles } from "lucide-react";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { ApiError, toApiError } from "@/api/client";
import { useGenerate } from "@/api/generate";
import type { StartOptions } from "@/api/types";
import { watch } from "@/api/watched";
import { announce } from "@/lib/announce";
import { looksLikeList, looksLikeUrl, nameOf, urlsIn } from "@/lib/urls";

const PlaylistDialog = lazy(async () => ({ default: (await import("./PlaylistDialog")).PlaylistDialog }));

interface Props {
  options: Partial<StartOptions>;
  disabled?: boolean;
  /** A field beside the links. */
  beside?: ReactNode;
  /** Buttons for what else can be chosen. */
  more?: ReactNode;
}

/**
 * Takes one link or several, each of which becomes a run. What can't be started stays in the field, with the reason. For a playlist or a
 * channel, its videos are shown first to choose from.
 */
export function UrlForm({ options, disabled = false, beside, more }: Props) {
  const [text, setText] = useState("");
  const [problems, setProblems] = useState<readonly { url: string; error: ApiError }[]>([]);
  const [progress, setProgress] = useState<{ done: number; of: number } | null>(null);
  const [list, setList] = useState<string | null>(null);
  const busy = progress !== null;
  const generate = useGenerate();
  const urls = urlsIn(text);
  const strange = urls.find((url) => !looksLikeUrl(url));

  const only = urls.length === 1 && strange === undefined ? (urls[0] ?? null) : null;

  const start = async (videos: readonly { url: string; title: string }[]) => {
    const started: string[] = [];
    const failed: { url: string; error: ApiError }[] = [];
    for (const [done, { url, title }] of videos.entries()) {
      setProgress({ done, of: videos.length });
      try {
        const accepted = await generate.mutateAsync({ url, options });
        watch({ videoId: accepted.video_id, title: title || nameOf(url) });
        started.push(title || nameOf(url));
      } catch (error) {
        failed.push({ url, error: toApiError(error) });
      }
    }
    setProblems(failed);
    setText(failed.map(({ url }) => url).join("\n"));
    setProgress(null);
    if (started.length > 0) announce(`Started: ${started.join(", ")}.`);
  };
  const submit = () => {
    if (only !== null && looksLikeList(only)) setList(only);
    else void start(urls.map((url) => ({ url, title: "" })));
  };

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Box
        sx={{
          display: "grid",
          gap: 1.5,
          alignItems: "start",
          gridTemplateColumns: { xs: "minmax(0, 1fr)", md: beside ? "minmax(0, 3fr) minmax(0, 2fr) auto" : "minmax(0, 1fr) auto" },
        }}
      >
        <TextField
          fullWidth
          multiline
          maxRows={6}
          label="Paste a link"
          placeholder="https://…"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter" && !event.shiftKey) {
              event.preventDefault();
              if (urls.length > 0 && strange === undefined && !busy && !disabled) submit();
            }
          }}
          error={strange !== undefined}
          helperText={
            strange === undefined
              ? "YouTube, a podcast, any page or file. Several links: one per line (Shift+Enter)."
              : `“${strange.slice(0, 60)}” is not a link. A link starts with https://.`
          }
        />
        {beside}
        <Button
          type="submit"
          variant="contained"
          startIcon={<Sparkles size={18} aria-hidden />}
          disabled={busy || disabled || urls.length === 0 || strange !== undefined}
          sx={{ minHeight: 40, whiteSpace: "nowrap" }}
        >
          {progress !== null && progress.of > 1
            ? `Starting ${progress.done + 1} of ${progress.of}`
            : strange === undefined && urls.length > 1
              ? `Find moments in ${urls.length}`
              : "Find moments"}
        </Button>
      </Box>
      <Stack direction="row" sx={{ mt: 0.5, ml: -0.5, columnGap: 1, flexWrap: "wrap" }}>
        {more}
        <Button size="small" color="inherit" startIcon={<ListVideo size={16} aria-hidden />} disabled={busy || disabled || only === null} onClick={() => setList(only)}>
          Choose from a playlist or channel
        </Button>
      </Stack>
      <Suspense fallback={null}>
        {list !== null && (
          <PlaylistDialog
            url={list}
            onClose={() => setList(null)}
            onStart={(videos) => {
              setList(null);
              void start(videos);
            }}
          />
        )}
      </Suspense>
      {problems.map(({ url, error }) => (
        <Alert key={url} severity="error" sx={{ mt: 1, overflowWrap: "anywhere" }}>
          {nameOf(url)}: {error.message} {error.advice}
        </Alert>
      ))}
    </form>
  );
}

import { Box, Button, IconButton, Stack, Typography } from "@mui/material";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Film, LayoutGrid, List, SearchX, Sparkles, Trash2 } from "lucide-react";
import { useEffect, useEffectEvent, useMemo, useState } from "react";
import { Link, useSearchParams } from "react-router";
import { useMay } from "@/api/me";
import { useDeleteVideos, useRestoreVideos, type VideoFilter, videoPages } from "@/api/videos";
import { Allowed } from "@/components/Allowed";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { EmptyState } from "@/components/EmptyState";
import { ErrorState } from "@/components/ErrorState";
import { Page } from "@/components/Page";
import { VideoCardSkeleton } from "@/components/VideoCard";
import { useDebounced } from "@/hooks/useDebounced";
import { useNotify, useNotifyError } from "@/hooks/useNotify";
import { useTitle } from "@/hooks/useTitle";
import { DeletedList } from "./DeletedList";
import { ChoiceField, SearchField } from "./Fields";
import { VideoRows } from "./VideoRows";

const STATUSES = ["new", "queued", "processing", "completed", "failed", "cancelled"] as const;
const DELETED = "deleted";
const LAYOUTS = [
  { name: "grid", label: "Grid", icon: LayoutGrid },
  { name: "list", label: "List", icon: List },
] as const;
const STATES = [
  ["", "All"],
  ["new", "Not started"],
  ["queued", "In the queue"],
  ["processing", "In progress"],
  ["completed", "Done"],
  ["failed", "Failed"],
  ["cancelled", "Cancelled"],
  [DELETED, "Deleted"],
] as const;
const SORTS = [
  ["newest", "Newest first"],
  ["oldest", "Oldest first"],
  ["title", "Title, A to Z"],
] as const;

/** Lists every video, by search text, status and order; ten thousand scroll like ten. */
export function Library() {
  useTitle("Library");
  const [params, setParams] = useSearchParams();
  const [text, setText] = useState(params.get("q") ?? "");
  const [grid, setGrid] = useState(() => localStorage.getItem("videomoments.library") !== "list");
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [asking, setAsking] = useState(false);
  const q = useDebounced(text.trim());
  const deleted = params.get("status") === DELETED;
  const status = STATUSES.find((one) => one === params.get("status"));
  const sort = params.get("sort") === "oldest" ? "oldest" : params.get("sort") === "title" ? "title" : "newest";
  const filter: VideoFilter = { ...(q === "" ? {} : { q }), ...(status ? { status } : {}), ...(deleted ? { deleted: true } : {}), sort };
  const { data, error, isPending, hasNextPage, fetchNextPage, isFetchingNextPage, refetch } = useInfiniteQuery(videoPages(filter));
  const videos = useMemo(() => data?.pages.flatMap((page) => page.items) ?? [], [data]);
  const remove = useDeleteVideos();
  const restore = useRestoreVideos();
  const notify = useNotify();
  const notifyError = useNotifyError();
  const writes = useMay("write");

  const choose = (name: string, value: string) => {
    // Videos that another filter hides must not be deleted unseen.
    if (name === "status") setChosen(new Set());
    setParams(
      (now) => {
        if (value === "") now.delete(name);
        else now.set(name, value);
        return now;
      },
      { replace: true },
    );
  };
  // The address stores the search. It is set only for typed text, because the setter changes with every change of the address.
  const remember = useEffectEvent((typed: string) => {
    setParams(
      (now) => {
        if (typed === "") now.delete("q");
        else now.set("q", typed);
        return now;
      },
      { replace: true, preventScrollReset: true },
    );
  });
  useEffect(() => remember(q), [q]);
  const toggle = (id: string) => {
    setChosen((now) => {
      const next = new Set(now);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  };
  const removeChosen = () => {
    const ids = [...chosen];
    setAsking(false);
    remove.mutate(ids, {
      onError: notifyError,
      onSuccess: ({ done, error: failure }) => {
        setChosen(new Set(ids.filter((id) => !done.includes(id))));
        if (failure !== null) notifyError(failure);
        notify({
          message: done.length === 1 ? "Video deleted. You can restore it for 10 minutes." : `${done.length} videos deleted. You can restore them for 10 minutes.`,
          action: { label: "Undo", run: () => restore.mutate(done, { onError: notifyError, onSuccess: ({ error: refused }) => refused !== null && notifyError(refused) }) },
        });
      },
    });
  };

  return (
    <Page
      wide
      title="Library"
      actions={
        <Allowed>
          <Button component={Link} to="/" variant="contained" startIcon={<Sparkles size={16} aria-hidden />}>
            Add a recording
          </Button>
        </Allowed>
      }
    >
      <Stack direction="row" sx={{ gap: 1.5, mb: 2, flexWrap: "wrap", alignItems: "center" }} role="search">
        <SearchField
          label="Search"
          value={text}
          onChange={(typed) => {
            setText(typed);
            setChosen(new Set());
          }}
          sx={{ flex: "1 1 220px", maxWidth: 420 }}
        />
        <ChoiceField label="Status" value={deleted ? DELETED : (status ?? "")} onChange={(value) => choose("status", value)} choices={STATES} sx={{ minWidth: 140 }} />
        <ChoiceField label="Sort by" value={sort} onChange={(value) => choose("sort", value)} choices={SORTS} sx={{ minWidth: 150 }} />
        <Stack direction="row" role="group" aria-label="Layout">
          {LAYOUTS.map(({ name, label, icon: Icon }) => (
            <IconButton
              key={name}
              aria-label={label}
              aria-pressed={grid === (name === "grid")}
              color={grid === (name === "grid") ? "primary" : "default"}
              onClick={() => {
                setGrid(name === "grid");
                localStorage.setItem("videomoments.library", name);
              }}
            >
              <Icon size={18} aria-hidden />
            </IconButton>
          ))}
        </Stack>
      </Stack>
      {chosen.size > 0 && writes && (
        <Stack
          direction="row"
          role="region"
          aria-label="Selected videos"
          sx={{
            gap: 1,
            mb: 2,
            alignItems: "center",
            position: "sticky",
            top: 8,
            zIndex: 5,
            bgcolor: "background.paper",
            border: 1,
            borderColor: "divider",
            borderRadius: 2,
            px: 2,
            py: 1,
          }}
        >
          <Typography variant="body2" sx={{ flex: 1 }}>
            {chosen.size} selected
          </Typography>
          <Button size="small" color="inherit" onClick={() => setChosen(new Set())}>
            Clear selection
          </Button>
          <Button size="small" color="error" variant="outlined" startIcon={<Trash2 size={16} aria-hidden />} onClick={() => setAsking(true)}>
            Delete
          </Button>
        </Stack>
      )}
      {error && <ErrorState error={error} onRetry={() => void refetch()} />}
      {isPending && (
        <Box role="status" aria-label="Loading the library" sx={{ display: "grid", columnGap: 2, gridTemplateColumns: "repeat(auto-fill, minmax(min(260px, 100%), 1fr))" }}>
          {Array.from({ length: 8 }, (_, index) => (
            <VideoCardSkeleton key={index} />
          ))}
        </Box>
      )}
      {data && videos.length === 0 && deleted && (
        <EmptyState icon={Trash2} title="No recently deleted videos">
          A deleted video stays here for 10 minutes and can be restored.
        </EmptyState>
      )}
      {data && videos.length === 0 && !deleted && (q !== "" || status !== undefined) && (
        <EmptyState icon={SearchX} title="No recordings match">
          Try another word, or choose the status “All”.
        </EmptyState>
      )}
      {data && videos.length === 0 && !deleted && q === "" && status === undefined && (
        <EmptyState
          icon={Film}
          title="No recordings yet"
          action={
            <Allowed>
              <Button component={Link} to="/" variant="contained">
                Add a recording
              </Button>
            </Allowed>
          }
        >
          Every recording that you add stays here, with its transcript, moments and clips.
        </EmptyState>
      )}
      {videos.length > 0 && deleted && <DeletedList videos={videos} more={hasNextPage && !isFetchingNextPage ? () => void fetchNextPage() : null} />}
      {videos.length > 0 && !deleted && (
        <VideoRows videos={videos} grid={grid} chosen={chosen} onToggle={toggle} more={hasNextPage && !isFetchingNextPage ? () => void fetchNextPage() : null} />
      )}
      <ConfirmDialog
        open={asking}
        title={chosen.size === 1 ? "Delete this video?" : `Delete ${chosen.size} videos?`}
        confirm="Delete"
        busy={remove.isPending}
        onConfirm={removeChosen}
        onClose={() => setAsking(false)}
      >
        Transcripts, moments and clips are deleted too, and runs in progress are cancelled. You can undo this for 10 minutes.
      </ConfirmDialog>
    </Page>
  );
}

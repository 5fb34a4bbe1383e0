import { Box, Card, IconButton, Skeleton, Stack, Tooltip, Typography } from "@mui/material";
import { useColorScheme } from "@mui/material/styles";
import { useQuery } from "@tanstack/react-query";
import { ZoomIn, ZoomOut } from "lucide-react";
import { memo, useEffect, useEffectEvent, useRef, useState, useSyncExternalStore } from "react";
import type WaveSurfer from "wavesurfer.js";
import type RegionsPlugin from "wavesurfer.js/plugins/regions";
import { useMay } from "@/api/me";
import type { MomentOut } from "@/api/types";
import { waveform } from "../api/media";
import { useEditor, useSelected } from "../editor/editor";
import { TARGET } from "../player/controlStyles";
import { usePlayer } from "../player/player";
import { NewMomentBar } from "./NewMomentBar";
import { IN_OUT, MARKED, showInSight, useRegions } from "./useRegions";

interface Props {
  moments: readonly MomentOut[];
  /** Changes of scene, in seconds. */
  cuts: readonly number[];
  duration: number;
  /** Whether it stands in place of a picture. */
  large?: boolean;
}

const [HEIGHT, LARGE_HEIGHT] = [96, 220];
// The region that is being dragged open.
const DRAGGED = "dragged";
// Anything shorter was a click of an unsteady hand, in seconds.
const SHORTEST_DRAG = 0.1;
const ZOOM = 1.6;
// Room for the scroll bar of a zoomed timeline is always reserved. The plugin's own edges are black, which is invisible on a dark theme.
const WAVE = {
  "& ::part(scroll)": { scrollbarWidth: "thin" },
  "& div::part(region-handle)": { borderColor: "var(--mui-palette-text-secondary) !important" },
};
// Loaded when there is something to draw: the moments and the words come first.
const drawing = () => Promise.all([import("wavesurfer.js"), import("wavesurfer.js/plugins/regions")]);

/** Shows the waveform with the moments on it. Their edges can be dragged, and snap to words and cuts; Alt disables that. */
export const Timeline = memo(function Timeline({ moments, cuts, duration, large = false }: Props) {
  const height = large ? LARGE_HEIGHT : HEIGHT;
  const editor = useEditor();
  const selected = useSelected();
  const frame = useRef<HTMLDivElement>(null);
  const surfer = useRef<WaveSurfer | null>(null);
  const regions = useRef<RegionsPlugin | null>(null);
  const [zoom, setZoom] = useState(1);
  const [ready, setReady] = useState(false);
  const player = usePlayer();
  const { mode, systemMode } = useColorScheme();
  const shown = mode === "system" ? systemMode : mode;
  const { data, isPending } = useQuery(waveform(editor.videoId));
  const onClicked = useEffectEvent((id: string, start: number) => {
    if (moments.some((one) => one.identifier === id)) editor.select(id);
    player.seek(start);
  });
  const onDragged = useEffectEvent((id: string, start: number, end: number, free: boolean) => {
    if (id === IN_OUT || id === DRAGGED) {
      if (end - start >= SHORTEST_DRAG) player.inOut.set(() => ({ in: start, out: end }));
      return;
    }
    const moment = moments.find((one) => one.identifier === id);
    if (moment) editor.move(moment, start, end, free);
  });

  useEffect(() => {
    const container = frame.current;
    if (container === null || duration <= 0 || isPending) return undefined;
    let gone = false;
    let end: () => void = () => undefined;
    void drawing().then(
      ([{ default: Surfer }, { default: Regions }]) => {
        if (gone) return;
        const plugin = Regions.create();
        const style = getComputedStyle(document.documentElement);
        const made = Surfer.create({
          container,
          height,
          duration,
          peaks:
            data == null
              ? [
                  [0, 0],
                  [0, 0],
                ]
              : [data.highs, data.lows],
          waveColor: style.getPropertyValue("--mui-palette-text-disabled") || "#777",
          progressColor: style.getPropertyValue("--mui-palette-text-secondary") || "#aaa",
          cursorColor: style.getPropertyValue("--mui-palette-primary-main") || "#fa0",
          cursorWidth: 2,
          normalize: true,
          autoScroll: true,
          autoCenter: false,
          plugins: [plugin],
        });
        let alt = false;
        const onPointer = (event: PointerEvent) => {
          alt = event.altKey;
        };
        window.addEventListener("pointerup", onPointer, true);
        made.on("interaction", (time) => player.seek(time));
        plugin.on("region-clicked", (region, event) => {
          event.stopPropagation();
          onClicked(region.id, region.start);
        });
        plugin.on("region-updated", (region) => onDragged(region.id, region.start, region.end, alt));
        plugin.on("region-created", (region) => {
          if (region.id !== DRAGGED) return;
          region.remove();
          onDragged(region.id, region.start, region.end, alt);
        });
        made.on("zoom", () => showInSight(made, plugin));
        made.on("ready", () => setReady(true));
        surfer.current = made;
        regions.current = plugin;
        const follow = player.time.subscribe(() => made.setTime(player.time.get()));
        end = () => {
          follow();
          window.removeEventListener("pointerup", onPointer, true);
          regions.current = null;
          surfer.current = null;
          made.destroy();
        };
      },
      () => undefined,
    );
    return () => {
      gone = true;
      setReady(false);
      end();
    };
  }, [data, isPending, duration, player, shown, height]);

  const resize = useMay("write");
  const inOut = useSyncExternalStore(player.inOut.subscribe, player.inOut.get);
  useRegions({ plugin: regions, ready, moments, cuts, selected, inOut, resize });

  useEffect(() => (ready && resize ? regions.current?.enableDragSelection({ id: DRAGGED, color: MARKED }) : undefined), [ready, resize]);

  useEffect(() => {
    const width = frame.current?.clientWidth ?? 0;
    if (ready && duration > 0) surfer.current?.zoom(zoom === 1 ? 0 : (width / duration) * zoom);
  }, [zoom, ready, duration]);

  return (
    <Card sx={{ px: 1.5, pt: 1, pb: 0.5, ...(large ? { border: 0, borderRadius: 0 } : {}) }} component="section" aria-label="Timeline">
      <Box sx={{ position: "relative", minHeight: height + 12 }}>
        <Box ref={frame} data-testid="waveform" sx={{ ...WAVE, height: height + 12 }} />
        {!ready && <Skeleton variant="rounded" height={height} sx={{ position: "absolute", inset: 0 }} />}
      </Box>
      <Stack direction="row" sx={{ alignItems: "center", flexWrap: "wrap", columnGap: 1, py: 0.5 }}>
        {resize && <NewMomentBar />}
        <Typography variant="caption" color="text.secondary" sx={{ flex: "1 1 200px" }}>
          {data === null ? "No waveform: the audio has not been extracted." : resize && "Drag for a new moment, or drag an edge; hold Alt to let it go anywhere."}
        </Typography>
        <Box sx={{ display: "flex", ml: "auto" }}>
          <Tooltip title="Closer">
            <IconButton size="small" aria-label="Zoom in" onClick={() => setZoom((now) => Math.min(now * ZOOM, 400))} sx={TARGET}>
              <ZoomIn size={16} aria-hidden />
            </IconButton>
          </Tooltip>
          <Tooltip title="Further away">
            <span>
              <IconButton size="small" aria-label="Zoom out" disabled={zoom === 1} onClick={() => setZoom((now) => Math.max(1, now / ZOOM))} sx={TARGET}>
                <ZoomOut size={16} aria-hidden />
              </IconButton>
            </span>
          </Tooltip>
        </Box>
      </Stack>
    </Card>
  );
});

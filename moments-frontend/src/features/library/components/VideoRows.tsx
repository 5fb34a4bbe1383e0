import { Box } from "@mui/material";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import type { VideoOut } from "@/api/types";
import { VideoCard } from "@/components/VideoCard";
import { VideoLine } from "./VideoLine";

const CARD_WIDTH = 260;
const GAP = 16;
const LINE_HEIGHT = 76;
// The height below the still: title and state.
const CARD_TEXT = 82;

interface Props {
  videos: readonly VideoOut[];
  grid: boolean;
  chosen: ReadonlySet<string>;
  onToggle: (id: string) => void;
  /** Fetches the next page; null while there is none or it is being fetched. */
  more: (() => void) | null;
}

/** Renders only visible rows, and fetches the next page before its end is visible. */
export function VideoRows({ videos, grid, chosen, onToggle, more }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const [{ width, top }, setPlace] = useState({ width: 0, top: 0 });
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => {
      setPlace({ width: element.clientWidth, top: element.getBoundingClientRect().top + window.scrollY });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, []);
  const columns = grid ? Math.max(1, Math.floor((width + GAP) / (CARD_WIDTH + GAP))) : 1;
  const cardWidth = (width - GAP * (columns - 1)) / columns;
  const height = grid ? Math.round((cardWidth * 9) / 16) + CARD_TEXT + GAP : LINE_HEIGHT;
  const rows = Math.ceil(videos.length / columns);
  const virtual = useWindowVirtualizer({ count: rows, estimateSize: () => height, overscan: 4, scrollMargin: top });
  useEffect(() => {
    virtual.measure();
  }, [virtual, height]);
  const shown = virtual.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more !== null && rows > 0 && last >= rows - 6) more();
  }, [last, rows, more]);

  const Item = grid ? VideoCard : VideoLine;
  return (
    <Box ref={frame} component="ul" aria-label="Videos" sx={{ position: "relative", m: 0, p: 0, listStyle: "none", height: virtual.getTotalSize() }}>
      {width > 0 &&
        shown.map((row) => (
          <Box
            key={row.key}
            component="li"
            sx={{
              position: "absolute",
              insetInline: 0,
              display: "grid",
              columnGap: `${GAP}px`,
              gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
            }}
            style={{ top: 0, height, transform: `translateY(${row.start - top}px)` }}
          >
            {videos.slice(row.index * columns, (row.index + 1) * columns).map((video) => (
              <Item key={video.identifier} video={video} chosen={chosen.has(video.identifier)} onToggle={onToggle} />
            ))}
          </Box>
        ))}
    </Box>
  );
}

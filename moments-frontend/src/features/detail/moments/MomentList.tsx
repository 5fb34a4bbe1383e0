import { Alert, Box, Button, Card, Skeleton } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { Scissors } from "lucide-react";
import { memo, type RefObject, useCallback, useMemo, useRef, useState } from "react";
import { useMay } from "@/api/me";
import type { MomentOut, NothingOut, TranscriptOut } from "@/api/types";
import { useNotify, useNotifyError } from "@/hooks/useNotify";
import { NothingFound } from "../actions/NothingFound";
import { transcript } from "../api/media";
import { useCutClips } from "../api/moments";
import { useEditor, useSelected } from "../editor/editor";
import { AdviceBanner } from "./AdviceBanner";
import { unknownLanguage } from "./advice";
import { ListHead } from "./ListHead";
import { MomentItem } from "./MomentItem";
import { allToggled, NONE_PICKED, toggled } from "./picking";
import { type Order, ordered, scoresTell } from "./rating";
import { useInView } from "./useInView";
import { usePressing, useSteady } from "./usePressing";

interface Props {
  moments: readonly MomentOut[];
  loading: boolean;
  /** Whether a run of the video is active. */
  busy: boolean;
  /** Why there are no moments, once a run has ended. */
  nothing: NothingOut | null;
}

/** A card with a title of two lines on a narrow screen. */
const CARD_PX = 172;

/** Lists the moments, in time order or by score. Only visible ones are rendered, so that hundreds scroll as well as five. */
export const MomentList = memo(function MomentList({ moments, loading, busy, nothing }: Props) {
  const { videoId } = useEditor();
  const pane = useRef<HTMLDivElement>(null);
  const said = useQuery(transcript(videoId)).data ?? null;
  const writes = useMay("write");
  const rated = useMemo(() => scoresTell(moments), [moments]);
  const [wanted, setOrder] = useState<Order>("time");
  const order = rated ? wanted : "time";
  const pressing = usePressing(pane);
  const ids = useSteady(
    useMemo(() => ordered(moments, order), [moments, order]),
    pressing,
  );
  const missing = useSteady(moments.filter((moment) => moment.clip === null && moment.review !== "rejected").length, pressing);
  const [picked, setPicked] = useState(NONE_PICKED);
  const chosen = useMemo(() => moments.filter((moment) => picked.ids.has(moment.identifier)), [moments, picked]);
  const onPick = useCallback((id: string, range: boolean) => setPicked((before) => toggled(before, id, range, ids)), [ids]);
  const language = unknownLanguage(moments, said);

  if (loading) return <Skeleton variant="rounded" height={480} role="status" aria-label="Loading the moments" />;
  return (
    <Card component="section" aria-label="Moments" sx={{ display: "flex", flexDirection: "column", position: { lg: "sticky" }, top: 16, maxHeight: { lg: "calc(100vh - 32px)" } }}>
      <ListHead
        count={moments.length}
        picked={chosen}
        order={rated ? order : null}
        writes={writes}
        onOrder={setOrder}
        onAll={() => setPicked((before) => allToggled(before, ids))}
        onNone={() => setPicked(NONE_PICKED)}
      />
      {language !== null && <AdviceBanner language={language} />}
      {moments.length === 0 && <NothingFound nothing={nothing} busy={busy} />}
      <Cards {...{ pane, moments, ids, order, rated, said, busy, onPick }} picked={picked.ids} />
      {missing > 0 && <MissingClips count={missing} />}
    </Card>
  );
});

interface CardsProps {
  pane: RefObject<HTMLDivElement | null>;
  /** In time order. */
  moments: readonly MomentOut[];
  /** The ids in the order that is shown. */
  ids: readonly string[];
  order: Order;
  rated: boolean;
  said: TranscriptOut | null;
  busy: boolean;
  picked: ReadonlySet<string>;
  onPick: (id: string, range: boolean) => void;
}

function Cards({ pane, moments, ids, order, rated, said, busy, picked, onPick }: CardsProps) {
  const selected = useSelected();
  const inTime = useMemo(() => new Map(moments.map((moment, index) => [moment.identifier, index])), [moments]);
  const virtual = useVirtualizer({
    count: ids.length,
    getScrollElement: () => pane.current,
    estimateSize: () => CARD_PX,
    getItemKey: (index) => ids[index] ?? index,
    overscan: 4,
  });
  useInView(pane, selected, ids.indexOf(selected ?? ""), (index) => virtual.scrollToIndex(index, { align: "auto" }));
  const words = said !== null && said.word_timestamps.length > 0 ? said.word_timestamps : null;
  return (
    <Box ref={pane} tabIndex={0} aria-label="List of moments" role="group" sx={{ overflowY: "auto", flex: 1, minHeight: 0, maxHeight: { xs: "calc(100dvh - 112px)", lg: "none" } }}>
      <Box
        component="ul"
        aria-label={order === "time" ? "Moments in time order" : "Moments, best first"}
        sx={{ position: "relative", m: 0, p: 0, listStyle: "none", containerType: "inline-size" }}
        style={{ height: virtual.getTotalSize() }}
      >
        {virtual.getVirtualItems().map((row) => {
          const at = inTime.get(ids[row.index] ?? "") ?? -1;
          const moment = moments[at];
          if (moment === undefined) return null;
          return (
            <Box
              component="li"
              key={row.key}
              ref={virtual.measureElement}
              data-index={row.index}
              data-moment={moment.identifier}
              sx={{ position: "absolute", insetInline: 0, top: 0 }}
              style={{ transform: `translateY(${row.start}px)` }}
            >
              <MomentItem
                moment={moment}
                next={moments[at + 1] ?? null}
                colour={at}
                selected={moment.identifier === selected}
                busy={busy}
                rated={rated}
                words={words}
                doubts={typeof said?.confidence === "number"}
                picked={picked.has(moment.identifier)}
                onPick={onPick}
              />
            </Box>
          );
        })}
      </Box>
    </Box>
  );
}

/** Stands below the list: above it, it would push the cards away while one of their buttons is pressed. */
function MissingClips({ count }: { count: number }) {
  const { videoId } = useEditor();
  const cut = useCutClips(videoId);
  const notify = useNotify();
  const onError = useNotifyError();
  const writes = useMay("write");
  return (
    <Alert
      severity="info"
      icon={<Scissors size={18} aria-hidden />}
      square
      action={
        writes && (
          <Button
            color="inherit"
            size="small"
            disabled={cut.isPending}
            onClick={() => cut.mutate(undefined, { onError, onSuccess: () => notify({ message: "Cutting; it takes a few seconds a clip." }) })}
          >
            Cut
          </Button>
        )
      }
    >
      {count === 1 ? "One moment has no clip with its bounds yet." : `${count} moments have no clip with their bounds yet.`}
    </Alert>
  );
}

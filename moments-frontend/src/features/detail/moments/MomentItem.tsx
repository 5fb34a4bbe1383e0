import { Check, EllipsisVertical, Info, Play, TriangleAlert, X } from "lucide-react";
import { lazy, memo, type ReactNode, Suspense, useRef, useState } from "react";
import { useMay } from "@/api/me";
import type { MomentOut, Word } from "@/api/types";
import { formatDuration, formatTime } from "@/lib/time";
import { regionColours } from "@/theme/tokens";
import { useEditor } from "../editor/editor";
import { usePlayer } from "../player/player";
import { MomentFrame } from "./momentStyles";
import { PickBox } from "./PickBox";
import { ratingOf } from "./rating";
import { Said } from "./Said";
import { TimeField } from "./TimeField";
import { TitleField } from "./TitleField";

const MomentMenu = lazy(async () => ({ default: (await import("./MomentMenu")).MomentMenu }));
const About = lazy(async () => ({ default: (await import("./About")).About }));

interface Props {
  moment: MomentOut;
  /** The moment after it in time. */
  next: MomentOut | null;
  colour: number;
  selected: boolean;
  /** Whether a run of the video is active. */
  busy: boolean;
  /** Whether the scores distinguish the moments. */
  rated: boolean;
  /** The transcript's words, or null where there are none. */
  words: readonly Word[] | null;
  /** Whether the recogniser's confidences are informative. */
  doubts: boolean;
  picked: boolean;
  onPick: (id: string, range: boolean) => void;
}

/** Shows one moment as a card: a picture, its title, what is said in it, whether it is kept, and the way to everything else. */
export const MomentItem = memo(function MomentItem({ moment, next, colour, selected, busy, rated, words, doubts, picked, onPick }: Props) {
  const editor = useEditor();
  const writes = useMay("write");
  const rating = rated ? ratingOf(moment.score) : null;
  return (
    <MomentFrame
      role="group"
      aria-label={moment.title}
      aria-current={selected || undefined}
      data-review={moment.review}
      onFocus={() => editor.select(moment.identifier)}
      style={{ borderLeftColor: regionColours[colour % regionColours.length] }}
    >
      <Still moment={moment}>{writes && <PickBox label={`Choose ${moment.title}`} checked={picked} onToggle={(range) => onPick(moment.identifier, range)} />}</Still>
      <div className="what">
        {writes ? (
          <TitleField moment={moment} />
        ) : (
          <span className="title" title={moment.title}>
            {moment.title}
          </span>
        )}
        <div className="when">{writes ? <Bounds moment={moment} /> : `${formatTime(moment.start_time)} – ${formatTime(moment.end_time)}`}</div>
      </div>
      {words !== null && <Said words={words} start={moment.start_time} end={moment.end_time} doubts={doubts} />}
      <div className="acts">
        {writes && <Judgement moment={moment} />}
        {rating !== null && (
          <span className="rating" data-rating={rating}>
            {rating}
          </span>
        )}
        <Rest moment={moment} next={next} busy={busy} rated={rated} />
      </div>
    </MomentFrame>
  );
});

/** The picture of the clip, if there is one. It plays the moment. */
function Still({ moment, children }: { moment: MomentOut; children: ReactNode }) {
  const editor = useEditor();
  const player = usePlayer();
  const [broken, setBroken] = useState<string | null>(null);
  const url = moment.clip?.thumbnail?.url;
  const shown = url !== undefined && url !== broken;
  return (
    <div className={shown ? "still" : "still bare"}>
      <button
        type="button"
        className="play"
        title="Play it (Enter)"
        aria-label={`Play ${moment.title}`}
        onClick={() => {
          editor.select(moment.identifier);
          player.playRange(moment.start_time, moment.end_time);
        }}
      >
        {shown && <img src={url} alt="" loading="lazy" draggable={false} onError={() => setBroken(url)} />}
        <Play size={22} fill="currentColor" aria-hidden />
      </button>
      <span className="length">{formatDuration(moment.end_time - moment.start_time)}</span>
      {children}
    </div>
  );
}

function Bounds({ moment }: { moment: MomentOut }) {
  const editor = useEditor();
  // Typing changes the moment that was shown when the user began, whatever is shown when they finish.
  const typed = useRef(moment);
  const begin = () => {
    typed.current = moment;
  };
  return (
    <>
      <TimeField label="Start" value={moment.start_time} onBegin={begin} onChange={(value) => editor.move(typed.current, value, typed.current.end_time, true)} />
      <span aria-hidden>–</span>
      <TimeField label="End" value={moment.end_time} onBegin={begin} onChange={(value) => editor.move(typed.current, typed.current.start_time, value, true)} />
    </>
  );
}

function Judgement({ moment }: { moment: MomentOut }) {
  const editor = useEditor();
  const judge = (value: "kept" | "rejected") => editor.edit(moment, { review: moment.review === value ? "new" : value }, "Judgement");
  return (
    <>
      <button type="button" className="worded keep" title="Keep it (X)" aria-pressed={moment.review === "kept"} onClick={() => judge("kept")}>
        <Check size={16} aria-hidden />
        Keep
      </button>
      <button type="button" className="worded reject" title="Reject it (X, when it is kept)" aria-pressed={moment.review === "rejected"} onClick={() => judge("rejected")}>
        <X size={16} aria-hidden />
        Reject
      </button>
    </>
  );
}

/** Two buttons: what is known of the moment, and what else can be done with it. */
function Rest({ moment, next, busy, rated }: Pick<Props, "moment" | "next" | "busy" | "rated">) {
  const [about, setAbout] = useState<HTMLElement | null>(null);
  const [menu, setMenu] = useState<HTMLElement | null>(null);
  const wrong = [moment.clip_error === null ? "" : "no clip", moment.hard_to_hear ? "hard to hear" : ""].filter((one) => one !== "");
  const label = ["How it was found", ...(wrong.length > 0 ? [wrong.join(", ")] : [])].join(": ");
  const Icon = wrong.length > 0 ? TriangleAlert : Info;
  return (
    <div className="rest">
      <button
        type="button"
        className={wrong.length > 0 ? "warned" : undefined}
        title={label}
        aria-label={label}
        aria-haspopup="dialog"
        onClick={(event) => setAbout(event.currentTarget)}
      >
        <Icon size={16} aria-hidden />
      </button>
      <button type="button" title="More" aria-label="More" aria-haspopup="menu" aria-expanded={menu !== null} onClick={(event) => setMenu(event.currentTarget)}>
        <EllipsisVertical size={16} aria-hidden />
      </button>
      <Suspense fallback={null}>
        {about !== null && <About anchor={about} moment={moment} rated={rated} onClose={() => setAbout(null)} />}
        {menu !== null && <MomentMenu anchor={menu} moment={moment} next={next} busy={busy} onClose={() => setMenu(null)} />}
      </Suspense>
    </div>
  );
}

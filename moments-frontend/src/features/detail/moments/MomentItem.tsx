import { Check, Combine, Download, Play, Repeat, Split, Trash2, WandSparkles, X } from "lucide-react";
import { memo, useRef, useState } from "react";
import { useMay } from "@/api/me";
import type { MomentOut } from "@/api/types";
import { formatDuration, formatTime } from "@/lib/time";
import { regionColours } from "@/theme/tokens";
import { useEditor } from "../editor/editor";
import { usePlayer } from "../player/player";
import { MomentFrame } from "./momentStyles";
import { TimeField } from "./TimeField";
import { originOf } from "./origin";

interface Props {
  moment: MomentOut;
  next: MomentOut | null;
  colour: number;
  selected: boolean;
  /** Whether a run of the video is active. */
  busy: boolean;
}

/** Shows one moment: its title, why and by which model it was chosen, its bounds, and its actions. */
export const MomentItem = memo(function MomentItem({ moment, next, colour, selected, busy }: Props) {
  const editor = useEditor();
  const player = usePlayer();
  const writes = useMay("write");
  // Typing changes the moment that was shown when the user began, whatever is shown when they finish.
  const typed = useRef(moment);
  const begin = () => {
    typed.current = moment;
  };
  const ofAPerson = moment.engine === null || moment.edited_at !== null;
  const play = (loop: boolean) => {
    editor.select(moment.identifier);
    player.playRange(moment.start_time, moment.end_time, loop);
  };
  return (
    <MomentFrame
      role="group"
      aria-label={moment.title}
      aria-current={selected || undefined}
      data-review={moment.review}
      onFocus={() => editor.select(moment.identifier)}
      style={{ borderLeftColor: regionColours[colour % regionColours.length] }}
    >
      <div className="row">
        <button type="button" className="play" title="Play it (Enter)" aria-label={`Play ${moment.title}`} onClick={() => play(false)}>
          <Play size={18} aria-hidden />
        </button>
        {writes ? <TitleField moment={moment} /> : <span className="title">{moment.title}</span>}
        {moment.score !== null && (
          <span className="score" title="How sure the model is, of 100">
            {Math.round(moment.score * 100)}
          </span>
        )}
        {writes && <Judgement moment={moment} />}
      </div>
      <div className="row">
        {writes ? (
          <>
            <TimeField label="Start" value={moment.start_time} onBegin={begin} onChange={(value) => editor.move(typed.current, value, typed.current.end_time, true)} />
            <span aria-hidden>–</span>
            <TimeField label="End" value={moment.end_time} onBegin={begin} onChange={(value) => editor.move(typed.current, typed.current.start_time, value, true)} />
          </>
        ) : (
          <span>
            {formatTime(moment.start_time)} – {formatTime(moment.end_time)}
          </span>
        )}
        <span className="length">{formatDuration(moment.end_time - moment.start_time)}</span>
        <div className="acts">
          <Action label="Play again and again" icon={Repeat} onClick={() => play(true)} />
          {writes && (
            <>
              <Action label="Split at the playhead" icon={Split} onClick={() => editor.split(moment, player.time.get())} />
              <Action label="Merge with the next" icon={Combine} disabled={next === null} onClick={() => next && editor.merge(moment, next)} />
              <Action
                label={ofAPerson ? "Yours: no model moves it" : busy ? "A run is at work: refine it after that" : "Refine its boundaries again"}
                icon={WandSparkles}
                disabled={ofAPerson || busy}
                onClick={() => editor.refine(moment)}
              />
            </>
          )}
          {moment.clip !== null && (
            <a className="act" href={moment.clip.download_url} title="Download the clip" aria-label={`Download the clip of ${moment.title}`}>
              <Download size={16} aria-hidden />
            </a>
          )}
          {writes && <Action label="Delete" icon={Trash2} onClick={() => editor.remove(moment)} />}
        </div>
      </div>
      {moment.clip_error !== null && <div className="origin">No clip: {moment.clip_error}</div>}
      {moment.hard_to_hear && (
        <div className="origin">Hard to hear: one word of three or more is likely wrong{moment.confidence === null ? "" : ` (confidence ${moment.confidence.toFixed(2)})`}.</div>
      )}
      <Origin moment={moment} />
    </MomentFrame>
  );
});

function Judgement({ moment }: { moment: MomentOut }) {
  const editor = useEditor();
  const judge = (value: "kept" | "rejected") => editor.edit(moment, { review: moment.review === value ? "new" : value }, "Judgement");
  return (
    <div className="judge" role="group" aria-label="Judgement">
      <button type="button" className="keep" title="Keep" aria-label="Keep" aria-pressed={moment.review === "kept"} onClick={() => judge("kept")}>
        <Check size={15} aria-hidden />
      </button>
      <button type="button" className="reject" title="Reject" aria-label="Reject" aria-pressed={moment.review === "rejected"} onClick={() => judge("rejected")}>
        <X size={15} aria-hidden />
      </button>
    </div>
  );
}

function Action({ label, icon: Icon, onClick, disabled = false }: { label: string; icon: typeof Play; onClick: () => void; disabled?: boolean }) {
  return (
    <button type="button" title={label} aria-label={label} disabled={disabled} onClick={onClick}>
      <Icon size={16} aria-hidden />
    </button>
  );
}

function TitleField({ moment }: { moment: MomentOut }) {
  const editor = useEditor();
  const [draft, setDraft] = useState<string | null>(null);
  const typed = useRef(moment);
  const finish = () => {
    const title = draft?.trim() ?? "";
    if (title !== "" && title !== typed.current.title) editor.edit(typed.current, { title }, "Title");
    setDraft(null);
  };
  return (
    <textarea
      className="title"
      rows={1}
      value={draft ?? moment.title}
      // One text that wraps to as many lines as a narrow screen needs.
      onChange={(event) => {
        if (draft === null) typed.current = moment;
        setDraft(event.target.value.replace(/\n/g, " "));
      }}
      onBlur={finish}
      onKeyDown={(event) => {
        if (event.key === "Enter") {
          event.preventDefault();
          event.currentTarget.blur();
        }
        if (event.key === "Escape") setDraft(null);
      }}
      aria-label="Title"
      maxLength={300}
    />
  );
}

/** Shows who made it and why; where a model refined it, also the earlier bounds. */
function Origin({ moment }: { moment: MomentOut }) {
  const player = usePlayer();
  const { parent } = moment;
  const { who, why, details } = originOf(moment);
  return (
    <div className="origin">
      {who}
      {why === null ? "" : `: ${why}`}
      {details !== null && (
        <details>
          <summary>How it was found</summary>
          {details}
        </details>
      )}
      {parent !== null && (
        <div>
          Before refinement:{" "}
          <button type="button" onClick={() => player.playRange(parent.start_time, parent.end_time)}>
            {formatTime(parent.start_time)} – {formatTime(parent.end_time)}
          </button>
        </div>
      )}
    </div>
  );
}
